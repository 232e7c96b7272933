import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, test } from 'node:test'
import * as esm from 'spoor/api'
import { MockTracer } from 'spoor/testing'
import { runNode } from './processes.js'
import { spoorBed } from './support.js'

const require = createRequire(import.meta.url)
const cjs: typeof esm = require('spoor/api')

afterEach(esm.resetGlobalTracer)

test('JS-Q07: the package is an ES module and CommonJS, two copies of one code', () => {
  assert.notEqual(cjs.setGlobalTracer, esm.setGlobalTracer)
  assert.deepEqual(Object.keys(cjs).sort(), Object.keys(esm).sort())
})

test('NODE-05: a tracer that one copy sets is the tracer of the other, whichever was first', () => {
  for (const [one, other] of [
    [esm, cjs],
    [cjs, esm],
  ] as const) {
    const tracer = new MockTracer()
    const captured = other.globalTracer()
    one.setGlobalTracer(tracer)
    assert.equal(other.isGlobalTracerRegistered(), true)
    captured.startSpan('through the other').finish()
    assert.deepEqual(
      tracer.finishedSpans().map((span) => span.operationName),
      ['through the other'],
    )
    other.resetGlobalTracer()
    assert.equal(one.isGlobalTracerRegistered(), false)
  }
})

test('NODE-05: the active span of one copy is the active span of the other, across an await', async () => {
  esm.setGlobalTracer(new MockTracer())
  await esm.globalTracer().startActiveSpan('active', async (span) => {
    await null
    assert.equal(cjs.globalTracer().activeSpan, span)
    await cjs.globalTracer().startActiveSpan('inner', async (inner) => {
      await null
      assert.equal(esm.globalTracer().activeSpan, inner)
    })
    assert.equal(esm.globalTracer().activeSpan, span)
  })
})

test('NODE-05: spans, contexts, references and errors of one copy are understood by the other', () => {
  const { tracer, finished } = spoorBed()
  const headers = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
  const context = new cjs.TraceContext('0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331', 1)
  assert.equal(context instanceof esm.TraceContext, false)
  tracer.startSpan('from context', { childOf: context }).finish()
  tracer.startSpan('from reference', { references: [cjs.childOf(context)] }).finish()
  tracer.startSpan('from headers', { childOf: tracer.extract(cjs.FORMAT_HTTP_HEADERS, headers) }).finish()
  for (const span of finished()) {
    assert.equal(span.traceId, '0af7651916cd43dd8448eb211c80319c', span.name)
    assert.equal(span.parentSpanId, 'b7ad6b7169203331', span.name)
  }
  assert.throws(() => tracer.inject(context, 'morse', {}), { code: new cjs.UnsupportedFormat('morse').code })
})

const LIBRARY = `
const { globalTracer } = require('spoor/api')
exports.work = () => globalTracer().startActiveSpan('library', (span) => span.context().toTraceId())
`

const APPLICATION = `
import { init, shutdown, withSpan } from 'spoor'
import { createRequire } from 'node:module'
import library from 'library'

const records = []
const sink = { record: (span) => records.push([span.name, span.traceId]), flush: async () => {}, close: async () => {} }
const tracer = init({ exporters: [sink], logLevel: 'silent' })
const again = createRequire(import.meta.resolve('library'))('spoor')
const same = again.init() === tracer
const trace = await withSpan('application', async () => {
  await null
  return library.work()
})
await again.shutdown()
console.log(JSON.stringify({ same, trace, records }))
`

test('NODE-05: two installed versions in one process are one tracer, and init() of either starts it once', async () => {
  const application = await mkdtemp(join(tmpdir(), 'spoor-copies-'))
  try {
    await install(join(application, 'node_modules/spoor'), '9.9.9')
    await install(join(application, 'node_modules/library/node_modules/spoor'), '0.0.1')
    await writeFile(join(application, 'node_modules/library/index.js'), LIBRARY)
    await writeFile(join(application, 'application.mjs'), APPLICATION)
    const { code, stdout, stderr } = await runNode([join(application, 'application.mjs')])
    assert.equal(code, 0, stderr)
    const { same, trace, records } = JSON.parse(stdout)
    assert.equal(same, true)
    assert.deepEqual(records, [
      ['library', trace],
      ['application', trace],
    ])
  } finally {
    await rm(application, { recursive: true })
  }
})

/** Another copy of this package, of another version. */
async function install(folder: string, version: string): Promise<void> {
  const source = dirname(require.resolve('spoor/package.json'))
  await mkdir(folder, { recursive: true })
  await cp(join(source, 'dist'), join(folder, 'dist'), { recursive: true })
  const manifest = { ...require('spoor/package.json'), version }
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest))
}
