import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import jaegerClient from 'jaeger-client'
import type { Tracer } from 'spoor/api'
import { describeTracer, runCases } from 'spoor/testing'
import { AdoptedTracer } from '../../dist/esm/adopt.js'
import { AsyncLocalStorageScopeManager } from '../../dist/esm/scope/index.js'
import { fixture, runNode } from './processes.js'

/** A span as the foreign tracer has it, read from what it would have sent. */
interface ForeignSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  /** Empty or all zero for a root. */
  readonly parentId: string
  readonly kind: string | undefined
  readonly failed: boolean
}

const tracers: Record<string, () => Promise<ForeignSpan[]>> = {
  'jaeger-client': async () => (await run('jaeger.mjs')).flatMap((line) => line.map(fromJaeger)),
  'dd-trace': async () =>
    (await run('datadog.mjs', DATADOG)).flatMap(({ traces }) => traces.flat().map(fromDatadog)),
}

for (const [name, spansOf] of Object.entries(tracers)) {
  test(`JS-A02: init({ tracer }) gives every span to ${name}, as one trace`, async () => {
    const spans = await spansOf()
    const find = (title: string, kind?: string): ForeignSpan => {
      const found = spans.filter((span) => span.name.startsWith(title) && span.kind === kind)
      assert.equal(found.length, 1, `${title} ${kind} in ${JSON.stringify(spans)}`)
      return found[0]!
    }
    const chain = [find('job'), find('GET', 'client'), find('GET', 'server'), find('quote')]
    assert.equal(spans.length, chain.length)
    assert.match(chain[0]!.parentId, /^0*$/)
    for (let i = 1; i < chain.length; i++) {
      assert.equal(chain[i]!.parentId, chain[i - 1]!.spanId, chain[i]!.name)
      assert.equal(chain[i]!.traceId, chain[0]!.traceId)
    }
    assert.deepEqual(
      chain.map(({ failed }) => failed),
      [false, false, false, true],
    )
  })
}

test('JS-A02: jaeger-client passes the contract of a tracer once it is adopted, but for what it lacks itself', async () => {
  const results = await runCases((collector) =>
    describeTracer(collector, {
      tracer: adoptedJaeger,
      isParent(parent, child) {
        const { parentIdStr } = child.context() as unknown as { parentIdStr?: string }
        return (parentIdStr ?? '') === (parent?.context().toSpanId() ?? '')
      },
    }),
  )
  // Its contexts cannot be iterated, and it has no binary format.
  assert.deepEqual(
    results.filter(({ passed }) => !passed).map(({ title }) => title.slice(0, 5)),
    ['AC-19', 'AC-21'],
  )
})

function adoptedJaeger(): Tracer {
  const require = createRequire(import.meta.url)
  const InMemoryReporter = require('jaeger-client/dist/src/reporters/in_memory_reporter').default
  const config = { serviceName: 'foreign', sampler: { type: 'const', param: 1 } }
  const options = { reporter: new InMemoryReporter(), logger: { info() {}, error() {} } }
  return new AdoptedTracer(jaegerClient.initTracer(config, options), new AsyncLocalStorageScopeManager())
}

for (const when of ['before', 'after']) {
  test(`JS-Q07: the global tracer of opentracing becomes ours when it is loaded ${when} tracing is started`, async () => {
    const [records] = await run('opentracing.cjs', {}, [when])
    const [child, theirs, ours] = records
    assert.deepEqual([child.name, theirs.name, ours.name], ['child', 'theirs', 'ours'])
    assert.equal(child.parentSpanId, theirs.spanId)
    assert.equal(theirs.parentSpanId, ours.spanId)
  })
}

/** Its own exporter for logs prints what it would send to an agent; on Node.js 20 it runs only when told to. */
const DATADOG = {
  DD_TRACE_EXPERIMENTAL_EXPORTER: 'log',
  DD_INJECT_FORCE: 'true',
  DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
  DD_REMOTE_CONFIGURATION_ENABLED: 'false',
}

/** What a fixture printed, line by line. */
async function run(file: string, env: NodeJS.ProcessEnv = {}, args: readonly string[] = []): Promise<any[]> {
  const { code, stdout, stderr } = await runNode([fixture(`foreign/${file}`), ...args], { env })
  assert.equal(code, 0, stderr)
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{') || line.startsWith('['))
    .map((line) => JSON.parse(line))
}

function fromJaeger(span: any): ForeignSpan {
  const { name, traceId, spanId, parentId, tags } = span
  return {
    name,
    traceId,
    spanId,
    parentId: parentId ?? '',
    kind: tags['span.kind'],
    failed: tags.error === true,
  }
}

function fromDatadog(span: any): ForeignSpan {
  const { name, trace_id: traceId, span_id: spanId, parent_id: parentId, meta, error } = span
  return { name, traceId, spanId, parentId, kind: meta['span.kind'], failed: error === 1 }
}
