import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Outcome, runNode } from '../compliance/processes.ts'
import { folderWith } from './support.ts'

const register = new URL('../../dist/bundle/register.cjs', import.meta.url)
const cli = fileURLToPath(new URL('../../dist/esm/cli.js', import.meta.url))
const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../test/config/fixtures/${name}`, import.meta.url))

const doors = { '--import': register.href, '-r': fileURLToPath(register) } as const

interface Sent {
  readonly name: string
  readonly kind: number
  readonly tags: { readonly [key: string]: unknown }
}

interface Run extends Outcome {
  readonly spans: readonly Sent[]
  /** Those of requests that came in. */
  readonly served: readonly Sent[]
}

/** Runs a fixture traced, where these files are, and reads what it sent. */
async function run(
  app: string,
  paths: readonly string[],
  files: { readonly [path: string]: string | object },
  env: NodeJS.ProcessEnv = {},
  door: keyof typeof doors = '--import',
): Promise<Run> {
  const folder = folderWith(files)
  const outcome = await runNode([door, doors[door], fixture(app), ...paths], {
    cwd: folder,
    env: { OTEL_TRACES_EXPORTER: 'file', SPOOR_FILE: 'spans.jsonl', ...env },
  })
  const file = join(folder, 'spans.jsonl')
  const spans = !existsSync(file)
    ? []
    : readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .flatMap((line): any[] => JSON.parse(line).resourceSpans[0].scopeSpans[0].spans)
        .map(({ name, kind, attributes = [] }): Sent => {
          const tags = attributes.map(({ key, value }: any) => [key, Object.values(value)[0]])
          return { name, kind, tags: Object.fromEntries(tags) }
        })
  return { ...outcome, spans, served: spans.filter(({ kind }) => kind === 2) }
}

const hooks = {
  'hooks.mjs': `export const start = (span, request) => span.setTag('started', request.method)
    export const finish = (span, request, response) => span.setTag('finished', response.statusCode)
    export const boring = (request) => request.url === '/boring'`,
}

describe('spoor/register with configuration files', () => {
  for (const door of Object.keys(doors) as (keyof typeof doors)[]) {
    test(`PYR-C03: ${door}: callbacks are named in package.json, and called`, async () => {
      const { served, stdout, stderr } = await run(
        'plain.mjs',
        ['/one', '/boring'],
        {
          ...hooks,
          'package.json': {
            spoor: {
              startSpanCallback: './hooks.mjs#start',
              finishSpanCallback: './hooks.mjs#finish',
              ignore: { when: './hooks.mjs#boring' },
            },
          },
        },
        {},
        door,
      )
      assert.equal(stderr, '')
      assert.equal(stdout, '200\n200\n')
      assert.deepEqual(
        served.map(({ tags }) => [tags['started'], Number(tags['finished'])]),
        [['GET', 200]],
      )
    })

    test(`${door}: a mistake in a file is one line on stderr; the application runs untraced`, async () => {
      for (const [files, said] of [
        [
          { 'spoor.config.json': { tracAll: false } },
          /spoor\.config\.json.*"traceAll".*\[SPOOR_UNKNOWN_OPTION\]/,
        ],
        [
          { 'package.json': { spoor: { tracer: './no.js' } } },
          /package\.json.*no\.js.*\[SPOOR_MODULE_NOT_FOUND\]/,
        ],
        [{ 'spoor.config.mjs': 'throw new Error("a\\nb")' }, /spoor\.config\.mjs.*\[SPOOR_MODULE_FAILED\]/],
        [{ 'spoor.config.json': { 'ot.trace_all': true } }, /"traceAll".*\[SPOOR_UNKNOWN_OPTION\]/],
      ] as const) {
        const { spans, stdout, stderr, code } = await run('plain.mjs', ['/'], files, {}, door)
        assert.match(stderr, /^spoor: tracing is off: [^\n]*\n$/)
        assert.match(stderr, said)
        assert.deepEqual([spans, stdout, code], [[], '200\n', 0])
      }
    })
  }

  test('PYR-C02, TOR-C05: attributes as a list in a file, as lines of text in a file and in the environment', async () => {
    const lines = '\n    method\n    headers.host\n'
    for (const [files, env] of [
      [{ 'spoor.config.json': { tracedAttributes: ['method', 'headers.host'] } }, {}],
      [{ 'spoor.config.json': { tracedAttributes: lines } }, {}],
      [{}, { SPOOR_TRACED_ATTRIBUTES: lines }],
      [{}, { SPOOR_TRACED_ATTRIBUTES: 'method,headers.host' }],
    ] as const) {
      const { served, stderr } = await run('plain.mjs', ['/'], files, env)
      assert.equal(stderr, '')
      assert.equal(served[0]?.tags['method'], 'GET')
      assert.match(String(served[0]?.tags['headers.host']), /^127\.0\.0\.1:\d+$/)
    }
  })

  test('PYR-C01, TOR-C03: a server that no tracing object knows is traced unless that is switched off', async () => {
    const everything = await run('plain.mjs', ['/'], {})
    assert.equal(everything.served.length, 1)
    const nothing = await run('plain.mjs', ['/'], {}, { SPOOR_TRACE_ALL: 'false' })
    assert.equal(nothing.served.length, 0)
    assert.equal(nothing.spans.length, 1, 'the outgoing request is still traced')
    const asked = await run('server.mjs', ['/users/7'], {}, { SPOOR_TRACE_ALL: 'false' })
    assert.deepEqual(
      asked.served.map(({ name }) => name),
      ['GET /users/:id'],
    )
  })

  test('TOR-C04: the client is left out by name', async () => {
    const { spans, stderr } = await run('plain.mjs', ['/'], { 'spoor.config.json': { disable: ['undici'] } })
    assert.equal(stderr, '')
    assert.deepEqual(
      spans.map(({ kind }) => kind),
      [2],
    )
  })

  test('PYR-Q04, TOR-Q07: the callback of a tracing object is called, whatever is set or not set', async () => {
    const unset = await run('server.mjs', ['/users/7'], {})
    assert.deepEqual([unset.served[0]?.tags['own'], unset.served[0]?.tags['started']], ['yes', undefined])
    const set = { ...hooks, 'spoor.config.json': { startSpanCallback: './hooks.mjs#start' } }
    const both = await run('server.mjs', ['/users/7'], set)
    assert.equal(both.served.length, 1)
    assert.deepEqual([both.served[0]?.tags['own'], both.served[0]?.tags['started']], ['yes', 'GET'])
  })

  test('PYR-C05: a tracing object that a module makes has all settings, beside its own', async () => {
    const { served, stderr } = await run('server.mjs', ['/users/7'], {
      'spoor.config.json': { traceAll: false, tracedAttributes: ['method'] },
    })
    assert.equal(stderr, '')
    assert.deepEqual([served[0]?.tags['own'], served[0]?.tags['method']], ['yes', 'GET'])
  })

  test('a tracer that is named in a file gets the spans, with ES modules and top-level functions', async () => {
    const { stdout, stderr, spans } = await run('plain.mjs', ['/'], {
      'spoor.config.json': { tracer: './tracing.mjs#createTracer', tracerOptions: { prefix: 'mine:' } },
      'tracing.mjs': `class Span {
          constructor(name) { this.name = name }
          context() { return this }
          setTag() { return this } addTags() { return this } log() { return this }
          setOperationName(name) { this.name = name; return this }
          finish() { console.log(options.prefix + this.name) }
        }
        let options
        export async function createTracer(given) {
          options = given
          return { startSpan: (name) => new Span(name), inject() {}, extract: () => null }
        }`,
    })
    assert.equal(stderr, '')
    assert.match(stdout, /^mine:GET$/m)
    assert.deepEqual(spans, [])
  })
})

describe('spoor doctor', () => {
  const files = { 'package.json': { spoor: { trustProxy: true } }, 'spoor.config.json': { traceAll: true } }
  const line = (text: string, name: string): string =>
    text.split('\n').find((each) => each.startsWith(`${name} `)) ?? ''

  test('says where each option comes from that has not its default, in a folder and around a program', async () => {
    const cwd = folderWith(files)
    const env = { OTEL_TRACES_EXPORTER: 'none', OTEL_BSP_SCHEDULE_DELAY: '5', SPOOR_IGNORE_PATHS: '/x' }
    const alone = await runNode([cli, 'doctor'], { cwd, env })
    const around = await runNode([cli, 'doctor', '--', process.execPath, '-e', '0'], { cwd, env })
    for (const text of [alone.stdout, around.stderr]) {
      assert.match(line(text, 'trustProxy'), /the key "spoor" of .*package\.json$/)
      assert.match(line(text, 'traceAll'), /spoor\.config\.json$/)
      assert.match(line(text, 'exporters'), / OTEL_TRACES_EXPORTER$/)
      assert.match(line(text, 'ignore'), / SPOOR_IGNORE_PATHS$/)
      assert.match(line(text, 'OTEL_BSP_SCHEDULE_DELAY'), / the environment$/)
      assert.equal(line(text, 'sampler'), '')
      assert.equal(line(text, 'SPOOR_DOCTOR'), '')
    }
  })

  test('says what is wrong with a file', async () => {
    const cwd = folderWith({ 'spoor.config.json': { tracAll: true } })
    const { code, stdout } = await runNode([cli, 'doctor'], { cwd })
    assert.equal(code, 0)
    assert.match(stdout, /not usable.*spoor\.config\.json.*"traceAll".*\[SPOOR_UNKNOWN_OPTION\]/)
  })
})
