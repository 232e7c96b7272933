#!/usr/bin/env node
/**
 * `npm run bench`: what tracing costs, Spoor beside its peers. README.md says how to read it.
 */
import { existsSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { apps } from './apps/index.mjs'
import { writePage, writeRaw } from './harness/document.mjs'
import { findNode, installContestants, installedVersion, nodeVersion } from './harness/install.mjs'
import { measure, measureStart } from './harness/measure.mjs'
import { readOptions, usage } from './harness/options.mjs'
import { pinSelf, startServer } from './harness/process.mjs'
import { startServices } from './harness/services.mjs'
import { summarise } from './harness/summary.mjs'
import { applicationTables, boundsTable, microTable } from './harness/tables.mjs'
import { terminalTable } from './harness/text.mjs'
import { measureMicro } from './micro.mjs'
import { tracers } from './tracers/index.mjs'

const sinkFile = fileURLToPath(new URL('sink.mjs', import.meta.url))
const spoorBuilt = fileURLToPath(new URL('../packages/spoor/dist/cjs/register.js', import.meta.url))

try {
  const options = readOptions(process.argv.slice(2))
  if (options.help) console.log(usage)
  else await main(options)
} catch (error) {
  console.error(`bench: ${error.message}`)
  if (error instanceof TypeError) console.error(`\n${usage}`)
  process.exit(1)
}

async function main(options) {
  if (process.platform !== 'linux') throw new Error('the bench reads /proc and pins cores: it needs Linux')
  const withSpoor = options.micro || options.tracers.some((tracer) => tracer.startsWith('spoor'))
  if (withSpoor && !existsSync(spoorBuilt)) throw new Error('Spoor is not built; run npm run build first')
  const node = findNode(options.node)
  const version = nodeVersion(node)
  installContestants()
  pinSelf(options.otherCore)

  const results = { run: conditions(options, version) }
  if (options.applications) await measureApplications(node, options, results)
  if (options.micro)
    results.micro = await measureMicro({ node, core: options.serverCore, rounds: options.rounds })

  print(results)
  // Only what the page shows is part of the repository; any other run leaves its raw figures beside the binaries.
  console.log(`Raw figures: ${writeRaw(results, options.write ? 'results' : '.cache')}`)
  if (options.write) console.log(`Page: ${writePage(results)}`)
}

async function measureApplications(node, options, results) {
  const sink = await startServer([node, sinkFile])
  const services = options.apps.some((app) => apps[app].services) ? await startServices(node) : undefined
  Object.assign(results.run.versions, services?.versions)
  const shared = {
    node,
    core: options.serverCore,
    sink: `http://127.0.0.1:${sink.port}`,
    services: services?.env ?? {},
    connections: options.connections,
  }
  const measurements = []
  const starts = []
  // Rounds outermost: a machine that changes its speed changes it for everybody.
  for (let round = 0; round < Math.max(options.rounds, options.startups); round++) {
    for (const app of options.apps) {
      for (const tracer of rotated(options.tracers, round)) {
        const setting = { ...shared, app, tracer, requests: requestsOf(app, options) }
        if (round < options.startups) starts.push({ round, app, tracer, ...(await measureStart(setting)) })
        if (round >= options.rounds) continue
        const measured = await measure(setting)
        measurements.push({ round, ...measured })
        console.error(progress(round, options.rounds, measured))
      }
    }
  }
  await Promise.all([sink.stop(), services?.stop()])
  results.rows = summarise(measurements, starts)
  results.measurements = measurements
  results.starts = starts
}

function print({ rows, micro }) {
  const tables = [
    ...(rows === undefined ? [] : [...applicationTables(rows), boundsTable({ rows, micro })]),
    ...(micro === undefined ? [] : [microTable(micro)]),
  ]
  console.log(
    `\n${tables
      .filter((table) => table.rows.length > 0)
      .map(terminalTable)
      .join('\n')}`,
  )
}

function conditions(options, node) {
  const packages = [...new Set(options.tracers.flatMap((tracer) => tracers[tracer].versions))]
  const libraries = ['express', 'fastify', 'pg', 'redis', 'autocannon']
  return {
    command: ['npm run bench', process.argv.slice(2).join(' ')].filter(Boolean).join(' -- '),
    date: new Date().toISOString().slice(0, 10),
    node,
    cpu: cpus()[0].model,
    cores: cpus().length,
    kernel: release().split('-')[0],
    rounds: options.rounds,
    connections: options.connections,
    requests: Object.fromEntries(options.apps.map((app) => [app, requestsOf(app, options)])),
    versions: Object.fromEntries([...packages, ...libraries].map((name) => [name, installedVersion(name)])),
  }
}

function requestsOf(app, options) {
  return options.requests ?? apps[app].requests
}

/** Everybody is once the first and once the last: who follows a hot neighbour changes from round to round. */
function rotated(list, by) {
  const start = by % list.length
  return [...list.slice(start), ...list.slice(0, start)]
}

function progress(round, rounds, { app, tracer, cpuMicros, spansReceived, spansExpected }) {
  const spans = spansExpected > 0 ? `, ${spansReceived} of ${spansExpected} spans` : ''
  return `round ${round + 1}/${rounds}  ${app} ${tracer.padEnd(10)} ${cpuMicros.toFixed(1).padStart(7)} µs/request${spans}`
}
