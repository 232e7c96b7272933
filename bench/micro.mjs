#!/usr/bin/env node
/**
 * The price of single operations, in nanoseconds: `node bench/micro.mjs`, or as a part of `npm run bench`. Every
 * contestant runs in processes of its own, in turns.
 */
import { fileURLToPath } from 'node:url'
import { findNode, installContestants } from './harness/install.mjs'
import { pinSelf, run } from './harness/process.mjs'
import { median } from './harness/statistics.mjs'
import { microTable } from './harness/tables.mjs'
import { terminalTable } from './harness/text.mjs'
import { names } from './micro/cases.mjs'

const file = (name) => fileURLToPath(new URL(`micro/${name}.mjs`, import.meta.url))

const ddEnvironment = {
  DD_TRACE_PROPAGATION_STYLE: 'tracecontext',
  DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
  DD_REMOTE_CONFIGURATION_ENABLED: 'false',
  DD_CRASHTRACKING_ENABLED: 'false',
}

/** A contestant is one process or several, whose cases are put together. */
const contestants = {
  Spoor: [
    { file: file('spoor'), env: {} },
    { file: file('spoor'), env: { OTEL_TRACES_SAMPLER: 'always_off' } },
    { file: file('spoor'), env: { OTEL_SDK_DISABLED: 'true' } },
  ],
  OpenTelemetry: [
    { file: file('otel'), env: {} },
    { file: file('otel'), env: { OTEL_SDK_DISABLED: 'true' } },
  ],
  'dd-trace': [
    { file: file('dd'), env: ddEnvironment },
    { file: file('dd'), env: { ...ddEnvironment, DD_TRACE_ENABLED: 'false' } },
  ],
  Node: [{ file: file('reference'), env: {} }],
}

/** @returns {Promise<{ cases: string[], contestants: Record<string, Record<string, number>> }>} nanoseconds */
export async function measureMicro({ node, core, rounds }) {
  const samples = Object.fromEntries(Object.keys(contestants).map((name) => [name, {}]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, processes] of Object.entries(contestants)) {
      for (const { file, env } of processes) {
        const figures = JSON.parse(await run([node, file], { core, env }))
        for (const [title, figure] of Object.entries(figures)) {
          samples[name][title] ??= []
          samples[name][title].push(figure)
        }
      }
      console.error(`round ${round + 1}/${rounds}  micro ${name}`)
    }
  }
  const medians = (figures) =>
    Object.fromEntries(Object.entries(figures).map(([name, list]) => [name, median(list)]))
  return {
    cases: Object.values(names),
    contestants: Object.fromEntries(
      Object.entries(samples).map(([name, figures]) => [name, medians(figures)]),
    ),
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  installContestants()
  pinSelf(1)
  console.log(
    terminalTable(microTable(await measureMicro({ node: findNode(undefined), core: 0, rounds: 3 }))),
  )
}
