import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { instrument } from 'spoor'
import { runNode } from '../compliance/processes.ts'

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../test/init/fixtures/${name}`, import.meta.url))

describe('init() and shutdown()', () => {
  test('TOR-A01: twice is once, shutdown() takes everything back, and init() may follow', async () => {
    const { code, stdout, stderr } = await runNode([fixture('again.mjs')])
    assert.equal(code, 0, stderr)
    assert.deepEqual(JSON.parse(stdout), {
      steps: [false, true, false, true],
      same: true,
      active: true,
      other: true,
      noop: false,
      names: [['first'], ['second', 'delegate']],
      listeners: 0,
    })
    assert.match(stderr, /^spoor: init\(\) was called again with options[^\n]*\n$/)
  })

  test('OTEL_SDK_DISABLED and `enabled: false` make it do nothing', async () => {
    const script = `
      import http from 'node:http'
      import { init, activeSpan, withSpan } from 'spoor'
      const options = process.env.OTEL_SDK_DISABLED ? {} : { enabled: false }
      console.log(init(options).startSpan('x').context().toTraceId() === '', Object.hasOwn(http.Server.prototype, 'emit'),
        withSpan('x', () => activeSpan()), process.listenerCount('beforeExit'))`
    for (const env of [{ OTEL_SDK_DISABLED: 'TRUE' }, {}]) {
      const { stdout, stderr } = await runNode(['--input-type=module', '-e', script], {
        cwd: fixture('.'),
        env,
      })
      assert.equal(stdout, 'true false null 0\n', stderr)
    }
  })

  test('a mistake throws with a code, and leaves nothing half done', async () => {
    const script = `
      import http from 'node:http'
      import { init } from 'spoor'
      import { isGlobalTracerRegistered } from 'spoor/api'
      for (const options of [{ exporter: 'otlp' }, { endpoint: 'x y' }, { propagators: ['b4'] }, null]) {
        try { init(options) } catch (error) { console.log(error.code) }
      }
      console.log(isGlobalTracerRegistered(), Object.hasOwn(http.Server.prototype, 'emit'))
      init({ exporters: ['none'] })
      console.log(isGlobalTracerRegistered())`
    const { stdout, stderr } = await runNode(['--input-type=module', '-e', script], { cwd: fixture('.') })
    assert.deepEqual(
      stdout.trim().split('\n'),
      [
        'SPOOR_UNKNOWN_OPTION',
        'SPOOR_INVALID_ENDPOINT',
        'SPOOR_UNKNOWN_PROPAGATOR',
        'SPOOR_INVALID_OPTION',
        'false false',
        'true',
      ],
      stderr,
    )
  })

  test('instrument() before init() is refused with a code', () => {
    assert.throws(() => instrument({}), { code: 'SPOOR_NOT_STARTED' })
  })

  test('several exporters get every span, whatever one of them does', async () => {
    const script = `
      import { init, shutdown, withSpan } from 'spoor'
      import { MemorySink } from 'spoor/export'
      const refuse = () => { throw new Error('the exporter is broken') }
      const sink = new MemorySink()
      init({ exporters: [{ record: refuse, flush: refuse, close: refuse }, sink, 'none', 'console'] })
      withSpan('work', () => {})
      withSpan('work', () => {})
      await shutdown()
      console.error(sink.spans.length)`
    const { code, stdout, stderr } = await runNode(['--input-type=module', '-e', script], {
      cwd: fixture('.'),
    })
    assert.equal(code, 0)
    assert.equal(stdout, '', 'the output is the application’s')
    assert.match(stderr, /work/)
    assert.equal(stderr.match(/the exporter is broken/g)?.length, 2, stderr)
    assert.match(stderr, /^2$/m)
  })

  for (const way of ['start', 'spans']) {
    test(`a foreign tracer that throws (${way}) does not reach the application`, async () => {
      const { code, stdout, stderr } = await runNode([fixture('broken-tracer.mjs'), way])
      assert.equal(code, 0, stderr)
      assert.deepEqual(JSON.parse(stdout), [1, 2, 3, 4, 'mine', 'mine', 'mine', 'hello'])
      assert.match(stderr, /the tracer is broken/)
      assert.ok(stderr.trim().split('\n').length < 10, stderr)
    })
  }

  test('a foreign tracer gets OpenTracing’s names unless it is told otherwise', async () => {
    const script = `
      import { get, createServer } from 'node:http'
      import { init } from 'spoor'
      const tags = []
      const span = new Proxy({}, { get: (_, key) => (...given) => {
        if (key === 'addTags') tags.push(...Object.keys(given[0]))
        if (key === 'setTag') tags.push(given[0])
        return key === 'context' ? { toTraceId: () => '', toSpanId: () => '' } : span
      } })
      init({ tracer: { startSpan: (_, options) => (tags.push(...Object.keys(options.tags ?? {})), span), inject() {}, extract: () => null } })
      const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1', () =>
        get({ port: server.address().port, host: '127.0.0.1' }, (response) => response.resume().on('end', () => server.close())))
      process.on('exit', () => console.log([...new Set(tags)].join(' ')))`
    const run = async (dialect?: string): Promise<string> => {
      const env = dialect === undefined ? {} : { SPOOR_DIALECT: dialect }
      return (await runNode(['--input-type=module', '-e', script], { cwd: fixture('.'), env })).stdout
    }
    const usual = await run()
    assert.match(usual, /http\.method/)
    assert.doesNotMatch(usual, /http\.request\.method/)
    assert.match(await run('otel'), /http\.request\.method/)
    const both = await run('both')
    assert.match(both, /http\.request\.method/)
    assert.match(both, /http\.method/)
  })
})
