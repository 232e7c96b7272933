import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, test } from 'node:test'
import express from 'express'
import { currentTracer, globalTracer, resetGlobalTracer, setGlobalTracer } from '../../dist/esm/api/global.js'
import { ExpressTracing } from '../../dist/esm/frameworks/express.js'
import { init, shutdown } from '../../dist/esm/init.js'
import { MockTracer } from '../../dist/esm/testing/index.js'
import { captureLog } from '../export/support/log.ts'
import { folderWith } from './support.ts'

/** What the modules in the folders call. */
const calls: unknown[][] = []
let tracer = new MockTracer()
const shelf = globalThis as { make?: (...args: unknown[]) => unknown }
const log = captureLog()

beforeEach(() => {
  tracer = new MockTracer()
  calls.length = 0
  log.lines.length = 0
  shelf.make = (...args) => {
    calls.push(args)
    return tracer
  }
})
afterEach(async () => {
  await shutdown()
  resetGlobalTracer()
})

const modules = {
  'tracing.mjs': `export const createTracer = (...args) => globalThis.make(...args)
    export const text = 'text'
    export const nothing = () => undefined
    export const broken = () => { throw new Error('no collector') }
    export class Tracer {}
    export default { startSpan() {}, inject() {}, extract() {} }`,
  'tracing.cjs': 'module.exports = (...args) => globalThis.make(...args)',
  'awaits.mjs': 'await 1; export const createTracer = () => {}',
  'throws.cjs': 'throw new Error("broken module")',
  'node_modules/tracers/index.js': 'exports.createTracer = (...args) => globalThis.make(...args)',
}

/** Starts where these files are. */
function initIn(files: object, options: object = {}): ReturnType<typeof init> {
  process.chdir(folderWith({ 'package.json': {}, ...modules, ...files }))
  return init(options)
}

const work = (name: string): void => globalTracer().startSpan(name).finish()
const names = (): string[] => tracer.finishedSpans().map((span) => span.operationName)

/** That this is refused with a code, in one line that holds all of these. */
function refused(action: () => unknown, code: string, ...parts: readonly string[]): void {
  assert.throws(action, (error: any) => {
    assert.equal(error.code, code, String(error))
    for (const part of parts) assert.ok(error.message.includes(part), `${part} is not in: ${error.message}`)
    assert.ok(!error.message.includes('\n'))
    return true
  })
}

const WRONG = [
  ['./nowhere.js#createTracer', 'SPOOR_MODULE_NOT_FOUND', './nowhere.js'],
  ['no-such-package#createTracer', 'SPOOR_MODULE_NOT_FOUND', 'no-such-package'],
  ['./tracing.mjs#createTracr', 'SPOOR_UNKNOWN_EXPORT', 'Did you mean "createTracer"?'],
  ['./tracing.mjs#text', 'SPOOR_NOT_CALLABLE', 'a string'],
  ['./tracing.mjs#broken', 'SPOOR_TRACER_FAILED', 'no collector'],
  ['./tracing.mjs#Tracer', 'SPOOR_TRACER_FAILED', "without 'new'"],
  ['./tracing.mjs#nothing', 'SPOOR_NOT_A_TRACER', 'undefined'],
  ['./awaits.mjs#createTracer', 'SPOOR_MODULE_ASYNC', 'awaits.mjs'],
  ['./throws.cjs', 'SPOOR_MODULE_FAILED', 'broken module'],
] as const

describe('the tracer of init()', () => {
  test('PYR-C07: a tracer is taken as it is', () => {
    initIn({}, { tracer })
    work('one')
    assert.deepEqual(names(), ['one'])
  })

  test('PYR-C08: a function is called once, by init()', () => {
    initIn({}, { tracer: shelf.make })
    assert.deepEqual(calls, [[]])
    work('one')
    work('two')
    assert.deepEqual(names(), ['one', 'two'])
    assert.equal(calls.length, 1)
  })

  test('PYR-C06, TOR-C02: the name of a function, called with its options and nothing else', () => {
    const options = {
      tracer: './tracing.mjs#createTracer',
      tracerOptions: { host: 'collector' },
      traceAll: true,
    }
    for (const files of [
      { 'package.json': { spoor: options } },
      { 'spoor.config.json': options },
      { 'spoor.config.cjs': `module.exports = ${JSON.stringify(options)}` },
    ]) {
      initIn(files)
      work('one')
      shutdown()
    }
    assert.deepEqual(calls, [[{ host: 'collector' }], [{ host: 'collector' }], [{ host: 'collector' }]])
    assert.deepEqual(names(), ['one', 'one', 'one'])
  })

  test('names: of a package, of a default export, from the folder in code, from its file in a file', () => {
    for (const name of ['tracers#createTracer', './tracing.cjs', './tracing.cjs#default']) {
      initIn({}, { tracer: name })
      work(name)
      shutdown()
    }
    initIn({ 'config/spoor.json': { tracer: '../tracing.cjs' }, 'package.json': {} }, {})
    shutdown()
    process.env['SPOOR_CONFIG'] = 'config/spoor.json'
    init()
    delete process.env['SPOOR_CONFIG']
    work('file')
    assert.deepEqual(names(), ['tracers#createTracer', './tracing.cjs', './tracing.cjs#default', 'file'])
  })

  test('the name of a tracer will do', () => {
    assert.ok(initIn({}, { tracer: './tracing.mjs' }))
  })

  test('FLK-Q10: a tracer that can be called is a tracer', () => {
    const callable = Object.assign(() => assert.fail('it was called'), {
      startSpan: tracer.startSpan.bind(tracer),
      inject: tracer.inject.bind(tracer),
      extract: tracer.extract.bind(tracer),
    })
    initIn({}, { tracer: callable })
    work('one')
    assert.deepEqual(names(), ['one'])
  })

  test('PYR-Q05: what a name does not lead to stops the start, and leaves nothing behind', () => {
    for (const [name, code, ...said] of WRONG) {
      refused(() => initIn({}, { tracer: name }), code, 'the option tracer', ...said)
      const file = { 'spoor.config.json': { tracer: name } }
      refused(() => initIn(file), code, 'the option tracer in ', 'spoor.config.json', ...said)
      assert.equal(currentTracer().startSpan('x').context().toTraceId(), '')
    }
    for (const name of ['jaeger', '', '#createTracer'])
      refused(() => init({ tracer: name }), 'SPOOR_INVALID_OPTION', './tracing.js#createTracer')
  })

  test('a function that throws, or gives no tracer, stops the start', () => {
    refused(() => init({ tracer: () => ({}) as never }), 'SPOOR_NOT_A_TRACER', 'an object', 'startSpan')
    const fail = (): never => {
      throw new Error('no luck')
    }
    refused(() => init({ tracer: fail }), 'SPOOR_TRACER_FAILED', 'no luck')
  })

  test('options for a tracer that nothing takes are refused', () => {
    process.chdir(folderWith({}))
    refused(() => init({ tracerOptions: {} }), 'SPOOR_INVALID_OPTION', 'tracerOptions')
    refused(() => init({ tracer, tracerOptions: {} }), 'SPOOR_INVALID_OPTION', 'tracerOptions')
  })

  test('PYR-C10: what init() returns, and the global tracer, lead to the tracer that was made', () => {
    const returned = initIn({ 'package.json': { spoor: { tracer: './tracing.cjs' } } })
    returned.startSpan('returned').finish()
    work('global')
    new ExpressTracing().tracer.startSpan('tracing').finish()
    assert.deepEqual(names(), ['returned', 'global', 'tracing'])
  })
})

describe('a tracer that is promised to init()', () => {
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  test('is waited for by nobody: spans before it are not recorded, which is said once, those after it are', async () => {
    let give: (made: MockTracer) => void = () => assert.fail('nobody asked')
    initIn({}, { tracer: () => new Promise<MockTracer>((resolve) => (give = resolve)) })
    const early = globalTracer().startSpan('early')
    const carrier = {}
    globalTracer().inject(early, 'http_headers', carrier)
    assert.deepEqual(carrier, {})
    await globalTracer().flush()
    assert.deepEqual(log.lines, [])
    give(tracer)
    await turn()
    globalTracer().startSpan('below it', { childOf: early }).finish()
    early.finish()
    globalTracer().startActiveSpan('outer', () => work('inner'))
    assert.deepEqual(names(), ['below it', 'inner', 'outer'])
    const [below, inner, outer] = tracer.finishedSpans()
    assert.equal(below?.parentId ?? null, null)
    assert.equal(String(inner?.parentId), outer?.context().toSpanId())
    assert.equal(log.lines.length, 1)
    assert.match(log.lines[0] ?? '', /started before the tracer was there are not recorded: 1$/)
  })

  test('that was never missed is not spoken of', async () => {
    initIn({}, { tracer: async () => tracer })
    await turn()
    work('one')
    assert.deepEqual(names(), ['one'])
    assert.deepEqual(log.lines, [])
  })

  test('and does not come is told once, with the reason; the application runs untraced', async () => {
    for (const [promised, said] of [
      [() => Promise.reject(new Error('no collector')), 'no collector'],
      [async () => ({}) as never, 'not a tracer'],
    ] as const) {
      const { lines, restore } = captureLog()
      initIn({}, { tracer: promised })
      await turn()
      work('lost')
      restore()
      assert.equal(lines.length, 1)
      assert.ok(lines[0]?.includes(said) && lines[0].includes('[SPOOR_TRACER_FAILED]'), lines[0])
      await shutdown()
    }
  })

  test('and comes after shutdown() is closed', async () => {
    let closed = 0
    const late = Object.assign(new MockTracer(), {
      close: async () => {
        closed += 1
      },
    })
    initIn({}, { tracer: async () => late })
    await shutdown()
    await turn()
    assert.equal(closed, 1)
  })
})

describe('what a tracing object does by default', () => {
  test('FLK-A04: an application means all its requests, unless that is switched off', async () => {
    for (const [traceAll, expected] of [
      [undefined, ['GET /hello']],
      [true, ['GET /hello']],
      [false, []],
    ] as const) {
      tracer.reset()
      const app = express()
      new ExpressTracing({ tracer, app, ...(traceAll === undefined ? {} : { traceAll }) })
      app.get('/hello', (_request, response) => void response.end('hello'))
      const server = app.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hello`)
      assert.equal(await response.text(), 'hello')
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      assert.deepEqual(names(), expected)
    }
  })
})

describe('the tracer of a tracing object', () => {
  test('FLK-A03: a function is called at the first use, once', () => {
    const tracing = new ExpressTracing({ tracer: shelf.make as () => MockTracer })
    assert.deepEqual(calls, [])
    tracing.tracer.startSpan('one').finish()
    tracing.tracer.startSpan('two').finish()
    assert.deepEqual(calls, [[]])
    assert.deepEqual(names(), ['one', 'two'])
  })

  test('PYR-C06, TOR-C02: a name is followed at once, and the function called with its options', () => {
    process.chdir(folderWith(modules))
    const tracing = new ExpressTracing({ tracer: './tracing.mjs#createTracer', tracerOptions: { a: 1 } })
    assert.deepEqual(calls, [[{ a: 1 }]])
    tracing.tracer.startSpan('one').finish()
    assert.deepEqual(names(), ['one'])
  })

  test('PYR-Q05: a name that leads nowhere is refused when the object is made', () => {
    process.chdir(folderWith(modules))
    for (const [name, code, ...said] of WRONG) {
      refused(() => new ExpressTracing({ tracer: name }), code, ...said)
    }
    refused(() => new ExpressTracing({ tracer: 'jaeger' }), 'SPOOR_INVALID_OPTION', 'package#export')
  })

  test('a function that fails later is told once, and the global tracer serves', () => {
    setGlobalTracer(tracer)
    const tracing = new ExpressTracing({ tracer: () => 7 as never })
    tracing.tracer.startSpan('one').finish()
    tracing.tracer.startSpan('two').finish()
    assert.deepEqual(names(), ['one', 'two'])
    assert.equal(log.lines.length, 1)
    assert.match(log.lines[0] ?? '', /global tracer is used.*gave a number, not a tracer/)
  })

  test('TOR-C07: without one, the global tracer serves, whichever that is by then', () => {
    const tracing = new ExpressTracing()
    assert.equal(tracing.tracer.startSpan('unheard').context().toTraceId(), '')
    setGlobalTracer(tracer)
    tracing.tracer.startSpan('heard').finish()
    assert.deepEqual(names(), ['heard'])
  })
})
