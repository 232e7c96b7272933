import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { afterEach, describe, it } from 'node:test'
import { init, instrument, tracer } from 'spoor'
import type { MemorySink } from 'spoor/export'
import { type Call, database, type Instrumentation, instrumentation, type Row } from 'spoor/instrument'
import { MockTracer } from 'spoor/testing'
import { resetLog, setLogWriter } from '../../dist/esm/log.js'
import { activeName } from './support/journal.ts'
import { finished, shutdown, trace } from './support/web.ts'

/** What a library may do with a call, each as a method. The table knows it by hand, so that every case has its own. */
type Library = { Laws: { prototype: { [method: string]: (...args: any[]) => any } } }

const facts = { system: 'laws', operation: () => 'call' }

function tableFor(settles: any, row: Row<any> = database<Call>(facts)): Instrumentation {
  return instrumentation({
    name: 'laws',
    patches: [
      {
        module: 'laws-of-the-engine',
        versions: '*',
        file: 'index.js',
        at: 'Laws.prototype',
        from: 'Laws.prototype',
        settles,
        methods: { query: row },
      },
    ],
  })
}

/** Traces one method of a client, by hand. */
function traced(query: (...args: any[]) => any, settles: any = 'return', row?: Row<any>): [any, MemorySink] {
  const sink = trace({ logLevel: 'warn', instrumentations: [tableFor(settles, row)] })
  const library = libraryWith(query)
  instrument(library)
  assert.notEqual(library.Laws.prototype['query'], query)
  return [Object.create(library.Laws.prototype), sink]
}

function libraryWith(query: (...args: any[]) => any): Library {
  return { Laws: { prototype: { query } } }
}

/** What the library says of itself meanwhile. */
async function listen(body: () => unknown): Promise<string[]> {
  const lines: string[] = []
  resetLog()
  const restore = setLogWriter((line) => lines.push(line))
  try {
    await body()
  } finally {
    restore()
    resetLog()
  }
  return lines
}

describe('a traced method', () => {
  afterEach(() => shutdown())

  // biome-ignore lint/suspicious/noThenProperty: it is what is tested
  const thenable = { then: () => assert.fail('nobody has asked for it') }
  const results: [title: string, result: unknown][] = [
    ['nothing', undefined],
    ['null', null],
    ['a number', 42],
    ['an object', { rows: [] }],
    ['a promise', Promise.resolve(1)],
    ['a promise of a subclass', new (class Lazy extends Promise<number> {})((resolve) => resolve(1))],
    ['a lazy thenable', thenable],
    ['a frozen thenable', Object.freeze({ ...thenable })],
    ['an emitter', new EventEmitter()],
    ['a stream', new PassThrough()],
    ['a frozen object', Object.freeze({ a: 1 })],
    ['a function', () => 1],
    [
      'an object whose getters throw',
      {
        // biome-ignore lint/suspicious/noThenProperty: it is what is tested
        get then(): unknown {
          throw new Error('a trap')
        },
      },
    ],
  ]
  for (const [title, result] of results) {
    it(`returns ${title}, the very one`, () => {
      const [client] = traced(() => result)
      assert.equal(client.query(), result)
    })
  }

  it('gets the same receiver and the same arguments', () => {
    const seen: unknown[] = []
    const [client] = traced(function (this: unknown, ...args: unknown[]) {
      seen.push(this, ...args)
    })
    const argument = {}
    client.query(argument, undefined, 3)
    assert.deepEqual(seen, [client, argument, undefined, 3])
    assert.equal(seen[0], client)
    assert.equal(seen[1], argument)
  })

  it('throws the very error, whatever it is', async () => {
    for (const thrown of [new Error('no'), 'text', 0, null, undefined]) {
      const [client, sink] = traced(() => {
        throw thrown
      })
      let caught: unknown = 'nothing'
      try {
        client.query()
      } catch (error) {
        caught = error
      }
      assert.equal(caught, thrown)
      assert.equal((await finished(sink, 1))[0]?.status.code, 'error')
      await shutdown()
    }
  })

  it('rejects with the very error', async () => {
    const error = new Error('no')
    const [client, sink] = traced(() => Promise.reject(error))
    await assert.rejects(client.query(), (caught) => caught === error)
    assert.equal((await finished(sink, 1))[0]?.status.message, 'no')
  })

  it('has the name, the length, the properties and the attributes of the original, and is it again afterwards', async () => {
    const original = Object.assign(function named(_a: unknown, _b: unknown) {}, { extra: 1 })
    const library = libraryWith(original)
    Object.defineProperty(library.Laws.prototype, 'query', {
      value: original,
      enumerable: false,
      writable: true,
      configurable: true,
    })
    trace({ instrumentations: [tableFor('return')] })
    instrument(library)
    const now: any = library.Laws.prototype['query']
    assert.notEqual(now, original)
    assert.deepEqual([now.name, now.length, now.extra], ['named', 2, 1])
    assert.equal(Object.getOwnPropertyDescriptor(library.Laws.prototype, 'query')?.enumerable, false)
    await shutdown()
    assert.equal(library.Laws.prototype['query'], original)
  })

  it('that is inherited is shadowed, and inherited again afterwards', async () => {
    const parent = libraryWith(() => 1)
    const prototype = Object.create(parent.Laws.prototype)
    trace({ instrumentations: [tableFor('return')] })
    instrument({ Laws: { prototype } })
    assert.ok(Object.hasOwn(prototype, 'query'))
    await shutdown()
    assert.ok(!Object.hasOwn(prototype, 'query'))
    assert.equal(prototype.query, parent.Laws.prototype['query'])
  })

  it('that somebody has wrapped since keeps their wrapper, and records nothing afterwards', async () => {
    const library = libraryWith(() => 1)
    const sink = trace({ instrumentations: [tableFor('return')] })
    instrument(library)
    const ours = library.Laws.prototype['query'] as () => number
    const theirs = () => ours() + 1
    library.Laws.prototype['query'] = theirs
    await shutdown()
    assert.equal(library.Laws.prototype['query'], theirs)
    assert.equal(library.Laws.prototype['query'](), 2)
    assert.equal(sink.spans.length, 0)
  })

  it('is wrapped once, however often it is handed over', async () => {
    const [client, sink] = traced(() => 1)
    instrument({ Laws: { prototype: Object.getPrototypeOf(client) } })
    client.query()
    await finished(sink, 1)
  })

  it('of a frozen class stays as it is, and works', () => {
    const library = { Laws: { prototype: Object.freeze({ query: () => 1 }) } }
    trace({ instrumentations: [tableFor('return')] })
    instrument(library)
    assert.equal(library.Laws.prototype.query(), 1)
  })

  it('runs with its span active, and what follows with that of the caller', async () => {
    const [client, sink] = traced(async () => {
      const before = activeName()
      await null
      return [before, activeName()]
    })
    const seen = await tracer.startActiveSpan('caller', async () => [await client.query(), activeName()])
    assert.deepEqual(seen, [['call', 'call'], 'caller'])
    await finished(sink, 2)
  })

  it('that streams ends with the stream', async () => {
    const [client, sink] = traced(() => Readable.from([1, 2, 3]))
    const stream = client.query()
    assert.equal(sink.spans.length, 0)
    const rows: unknown[] = []
    for await (const row of stream) rows.push(row)
    assert.deepEqual(rows, [1, 2, 3])
    await finished(sink, 1)
  })
})

describe('a callback of a traced method', () => {
  afterEach(() => shutdown())

  it('gets its receiver and its arguments, in the span of the caller, and its result goes back', async () => {
    const receiver = {}
    let returned: unknown
    const [client, sink] = traced(
      (done: any) => setImmediate(() => (returned = done.call(receiver, null, 1, 2))),
      'callback',
    )
    const seen = await tracer.startActiveSpan(
      'caller',
      () =>
        new Promise((resolve) =>
          client.query(function (this: unknown, ...args: unknown[]) {
            resolve([this === receiver, args, activeName()])
            return 'returned'
          }),
        ),
    )
    assert.deepEqual(seen, [true, [null, 1, 2], 'caller'])
    assert.equal(returned, 'returned')
    await finished(sink, 2)
  })

  it('that is called twice ends the span once, and is called twice', async () => {
    let calls = 0
    const [client, sink] = traced((done: any) => {
      done(null)
      done(new Error('late'))
    }, 'callback')
    client.query(() => (calls += 1))
    assert.equal(calls, 2)
    assert.equal((await finished(sink, 1))[0]?.status.code, 'unset')
  })

  it('that throws throws to the library', async () => {
    const error = new Error('of the application')
    const [client, sink] = traced((done: any) => done(null), 'callback')
    assert.throws(
      () =>
        client.query(() => {
          throw error
        }),
      (caught) => caught === error,
    )
    assert.equal((await finished(sink, 1))[0]?.status.code, 'unset')
  })

  it('may be left out where the method then answers with a promise', async () => {
    const [client, sink] = traced(
      (done?: any) => (done === undefined ? Promise.resolve(1) : done(null, 1)),
      'either',
    )
    assert.equal(await client.query(), 1)
    await new Promise((resolve) => client.query(resolve))
    await finished(sink, 2)
  })

  it('is only looked for where the table says so', async () => {
    const [client, sink] = traced((fn: any) => fn, 'return')
    const fn = () => assert.fail('it is an argument like any other')
    assert.equal(client.query(fn), fn)
    await finished(sink, 1)
  })
})

describe('a row that throws', () => {
  afterEach(() => shutdown())

  const fail = (): never => {
    throw new Error('a broken row')
  }
  const good = database<Call>(facts)
  const parts: { [part: string]: Row<any> } = {
    name: { ...good, name: fail },
    skip: { ...good, skip: fail },
    parent: { ...good, parent: fail },
    describe: { ...good, describe: fail },
    conclude: { ...good, conclude: fail },
    failure: { ...good, failure: fail },
    target: { ...good, does: 'enrich', target: fail },
  }
  for (const [part, row] of Object.entries(parts)) {
    it(`in ${part} is reported once and switched off, and the call goes on`, async () => {
      const lines = await listen(async () => {
        const [client] = traced(() => Promise.resolve(42), 'return', row)
        assert.deepEqual(await Promise.all([client.query(), client.query(), client.query()]), [42, 42, 42])
        assert.equal(await client.query(), 42)
      })
      assert.equal(lines.length, 1)
      assert.match(String(lines[0]), /"laws query" threw and has been switched off.*a broken row/)
    })
  }

  it('leaves no span of a foreign tracer open, and finishes none twice', async () => {
    const mock = new MockTracer()
    const lines = await listen(async () => {
      init({ tracer: mock, instrumentations: [tableFor('callback', { ...good, conclude: fail })] })
      const library = libraryWith((done: any) => {
        done(null)
        throw new Error('after the callback')
      })
      instrument(library)
      assert.throws(() => library.Laws.prototype['query']?.(() => {}), /after the callback/)
    })
    assert.equal(lines.length, 1)
    assert.deepEqual([mock.finishedSpans().length, mock.unfinishedSpans().length], [1, 0])
  })
})

describe('a foreign tracer that throws', () => {
  afterEach(() => shutdown())

  it('does not reach the application', async () => {
    const fail = (): never => {
      throw new Error('a broken tracer')
    }
    const span: any = { finish: fail, setTag: fail, log: fail, context: fail }
    for (const broken of [
      { startSpan: fail, inject: fail, extract: fail },
      { startSpan: () => span, inject: fail, extract: fail },
    ]) {
      const lines = await listen(async () => {
        init({ tracer: broken as never, instrumentations: [tableFor('return')] })
        const library = libraryWith(() => Promise.resolve(42))
        instrument(library)
        assert.equal(await library.Laws.prototype['query']?.(), 42)
        assert.equal(await library.Laws.prototype['query']?.(), 42)
        await shutdown()
      })
      assert.ok(lines.length > 0 && lines.length <= 3, lines.join('\n'))
    }
  })
})
