import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { TraceList } from '../dist/api.js'
import { ViewerError } from '../dist/index.js'
import { nearest } from '../dist/nearest.js'
import { defaultStorePath, parseCommandLine } from '../dist/options.js'
import { tracedEnvironment } from '../dist/run-command.js'
import { eventually, exchange, temporaryFolder } from './support/viewer.js'

const CLI = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const FREE_PORTS = ['--otlp-port', '0', '--ui-port', '0', '--store', ':memory:']

interface Run {
  child: ChildProcess
  readonly out: string
  readonly err: string
  ended: Promise<number | null>
}

function run(
  t: TestContext,
  args: string[],
  { cwd, env, cli = CLI }: { cwd?: string; env?: NodeJS.ProcessEnv; cli?: string } = {},
): Run {
  const child = spawn(process.execPath, [cli, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: cwd ?? temporaryFolder(t),
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...env },
  })
  const texts = { out: '', err: '' }
  child.stdout.on('data', (chunk) => (texts.out += chunk))
  child.stderr.on('data', (chunk) => (texts.err += chunk))
  t.after(() => child.kill('SIGKILL'))
  return {
    child,
    get out() {
      return texts.out
    },
    get err() {
      return texts.err
    },
    ended: new Promise((resolve) => child.on('close', resolve)),
  }
}

test('it says in a few lines where it is, and ends quietly when told to', async (t) => {
  const viewer = run(t, FREE_PORTS)
  await eventually(() => viewer.out.includes('Ctrl-C'))
  assert.match(viewer.out, /Traces {2}http:\/\/localhost:\d+\n/)
  assert.match(viewer.out, /OTLP {4}http:\/\/localhost:\d+ /)
  assert.match(viewer.out, /Store {3}memory/)
  assert.ok(viewer.out.split('\n').length < 10)
  const [, url] = /Traces\s+(\S+)/.exec(viewer.out)!
  assert.equal((await exchange(`${url}/api/status`)).status, 200)
  viewer.child.kill('SIGTERM')
  assert.equal(await viewer.ended, 0)
  assert.equal(viewer.err, '')
})

test('--help and --version print and end', async (t) => {
  const help = run(t, ['--help'])
  assert.equal(await help.ended, 0)
  for (const option of ['--otlp-port', '--ui-port', '--store', '--max-bytes', '--allow-origin', '--exit']) {
    assert.ok(help.out.includes(option), option)
  }
  for (const line of help.out.split('\n')) assert.ok(line.length <= 110, line)
  const version = run(t, ['-v'])
  assert.equal(await version.ended, 0)
  assert.match(version.out, /^\d+\.\d+\.\d+/)
})

test('a mistyped option or variable ends it with code 2 and the nearest valid one', async (t) => {
  const option = run(t, ['--otpl-port', '1'])
  assert.equal(await option.ended, 2)
  assert.match(option.err, /option --otpl-port is not known: did you mean --otlp-port\?/)
  const variable = run(t, [], { env: { SPOOR_VIEWER_UIPORT: '1' } })
  assert.equal(await variable.ended, 2)
  assert.match(variable.err, /SPOOR_VIEWER_UIPORT is not known: did you mean SPOOR_VIEWER_UI_PORT\?/)
})

test('values are checked, with the option that they belong to', () => {
  const cases: [string[], RegExp][] = [
    [['--ui-port', '70000'], /--ui-port must be a port/],
    [['--ui-port=x'], /--ui-port must be a port/],
    [['--ui-port'], /--ui-port needs a value/],
    [['--max-bytes', 'much'], /--max-bytes must be a size/],
    [['--max-age', '7'], /--max-age must be a time/],
    [['--open=yes'], /--open takes no value/],
    [['--store', ''], /--store needs a value/],
    [['node', 'app.js'], /put -- before it/],
    [['--'], /a command must follow --/],
  ]
  for (const [args, message] of cases) {
    assert.throws(
      () => parseCommandLine(args, {}),
      (error) => error instanceof ViewerError && message.test(error.message),
    )
  }
  assert.throws(
    () => parseCommandLine([], { SPOOR_VIEWER_MAX_AGE: 'old' }),
    /SPOOR_VIEWER_MAX_AGE must be a time/,
  )
})

test('arguments win over the environment, and empty variables count for nothing', () => {
  const env = {
    SPOOR_VIEWER_UI_PORT: '1',
    SPOOR_VIEWER_OTLP_PORT: '2',
    SPOOR_VIEWER_HOST: '',
    SPOOR_VIEWER_ALLOW_HOST: 'a,b',
  }
  const { viewer } = parseCommandLine(
    ['--port=3', '--max-bytes', '1.5GB', '--max-age', '36h', '--allow-host=c', '--allow-host', 'd'],
    env,
  )
  assert.deepEqual(viewer, {
    uiPort: 3,
    otlpPort: 2,
    allowedHosts: ['c', 'd'],
    maxBytes: 1.5 * 2 ** 30,
    maxAge: 36 * 3_600_000,
  })
  const line = parseCommandLine(['--exit', '--', 'node', '--open', 'app.js', '--', 'x'], {})
  assert.deepEqual(line.command, ['node', '--open', 'app.js', '--', 'x'])
  assert.deepEqual([line.exit, line.open], [true, false])
})

test('the nearest name is found, and none when nothing is near', () => {
  assert.equal(nearest('--stroe', ['--store', '--host']), '--store')
  assert.equal(nearest('--colour', ['--store', '--host']), undefined)
})

test("traces are kept among the user's caches, where the system has them", () => {
  assert.equal(defaultStorePath({ XDG_CACHE_HOME: '/cache' }, 'linux'), '/cache/spoor/traces.db')
  assert.match(defaultStorePath({ XDG_CACHE_HOME: 'relative' }, 'linux'), /\.cache\/spoor\/traces\.db$/)
  assert.match(defaultStorePath({}, 'darwin'), /Library\/Caches\/spoor\/traces\.db$/)
})

test('where the usual place cannot be written, traces are kept in memory, and it says so', async (t) => {
  const file = join(temporaryFolder(t), 'file')
  writeFileSync(file, '')
  const viewer = run(t, ['--otlp-port=0', '--ui-port=0'], {
    env: { XDG_CACHE_HOME: file, LOCALAPPDATA: file, HOME: file },
  })
  await eventually(() => viewer.out.includes('Ctrl-C'))
  assert.match(viewer.err, /Traces are kept in memory this time/)
  assert.match(viewer.out, /Store {3}memory/)
})

test('a command gets what it takes to be traced, its arguments, and the exit code its say', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'package.json'), '{"name":"@shop/orders","type":"commonjs"}')
  const register = fakeLibrary(folder)
  writeFileSync(
    join(folder, 'app.js'),
    `console.log(JSON.stringify([process.argv.slice(2), globalThis.isTraced, process.env.OTEL_SERVICE_NAME,
      process.env.OTEL_EXPORTER_OTLP_ENDPOINT, process.env.NODE_OPTIONS])); process.exit(7)`,
  )
  const args = [...FREE_PORTS, '--', process.execPath, 'app.js', '--flag', 'a b']
  const app = run(t, args, { cwd: folder, env: { NODE_OPTIONS: '--no-warnings' } })
  assert.equal(await app.ended, 7)
  const [argv, isTraced, service, endpoint, options] = JSON.parse(app.out) as string[]
  assert.deepEqual(argv, ['--flag', 'a b'])
  assert.equal(isTraced, true)
  assert.equal(service, 'orders')
  assert.match(endpoint!, /^http:\/\/localhost:\d+$/)
  assert.ok(app.err.includes(endpoint!), 'the greeting is beside the output of the command, not in it')
  assert.equal(options, `--no-warnings --import=${register}`)
})

test('what the user has chosen for the command is left as it is', () => {
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://elsewhere:4318', OTEL_SERVICE_NAME: 'mine' }
  const traced = tracedEnvironment(env, 'http://localhost:4318')
  assert.equal(traced['OTEL_EXPORTER_OTLP_ENDPOINT'], 'http://elsewhere:4318')
  assert.equal(traced['OTEL_SERVICE_NAME'], 'mine')
  const named = tracedEnvironment(
    { OTEL_RESOURCE_ATTRIBUTES: 'a=b,service.name=mine' },
    'http://localhost:4318',
  )
  assert.equal(named['OTEL_SERVICE_NAME'], undefined)
})

test('spans of the command are stored, also those it sends last', async (t) => {
  const folder = temporaryFolder(t)
  fakeLibrary(folder)
  writeFileSync(
    join(folder, 'app.mjs'),
    `const span = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), name: 'from the command', startTimeUnixNano: '1' }
    const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })
    const answer = await fetch(process.env.OTEL_EXPORTER_OTLP_ENDPOINT + '/v1/traces', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    console.log(answer.status)`,
  )
  const store = join(folder, 'traces.db')
  const args = ['--otlp-port=0', '--ui-port=0', '--store', store]
  const app = run(t, [...args, '--', process.execPath, 'app.mjs'], { cwd: folder })
  assert.equal(await app.ended, 0)
  assert.equal(app.out, '200\n')

  const later = run(t, args)
  await eventually(() => later.out.includes('Ctrl-C'))
  const [, url] = /Traces\s+(\S+)/.exec(later.out)!
  const { traces } = JSON.parse((await exchange(`${url}/api/traces`)).body.toString()) as TraceList
  assert.deepEqual(
    traces.map(({ name }) => name),
    ['from the command'],
  )
})

test('signals reach the command, which decides how it ends', async (t) => {
  const folder = temporaryFolder(t)
  fakeLibrary(folder)
  writeFileSync(
    join(folder, 'app.cjs'),
    `setInterval(() => {}, 1000)
    process.on('SIGTERM', () => { console.log('farewell'); process.exit(9) })
    console.log('ready')`,
  )
  const app = run(t, [...FREE_PORTS, '--', process.execPath, 'app.cjs'], { cwd: folder })
  await eventually(() => app.out.includes('ready'))
  app.child.kill('SIGTERM')
  assert.equal(await app.ended, 9)
  assert.match(app.out, /farewell/)
})

test('a command that does not exist is told as that', async (t) => {
  const folder = temporaryFolder(t)
  fakeLibrary(folder)
  const app = run(t, [...FREE_PORTS, '--', 'no-such-program'], { cwd: folder })
  assert.equal(await app.ended, 1)
  assert.match(app.err, /no-such-program cannot be run: there is no such program \[SPOOR_NO_COMMAND\]/)
})

test('a library that is not installed is told before anything is started, with the remedy', async (t) => {
  // Away from this repository, where the viewer finds the library beside itself.
  const folder = temporaryFolder(t)
  cpSync(fileURLToPath(new URL('../dist', import.meta.url)), join(folder, 'dist'), { recursive: true })
  cpSync(fileURLToPath(new URL('../package.json', import.meta.url)), join(folder, 'package.json'))
  const app = run(t, ['--', process.execPath, '-e', '1'], {
    cwd: folder,
    cli: join(folder, 'dist', 'cli.js'),
  })
  assert.equal(await app.ended, 1)
  assert.match(app.err, /library is not installed in .*: run `npm install spoor` there \[SPOOR_NO_LIBRARY\]/)
  assert.doesNotMatch(app.err, /Traces/)
})

/** Stands in for the installed library: what is tested here is that the application's own copy is found. */
function fakeLibrary(folder: string): string {
  const home = join(folder, 'node_modules', 'spoor')
  mkdirSync(home, { recursive: true })
  writeFileSync(
    join(home, 'package.json'),
    '{"name":"spoor","version":"0.0.0","exports":{"./register":"./register.cjs"}}',
  )
  writeFileSync(join(home, 'register.cjs'), 'globalThis.isTraced = true')
  return new URL(`file://${join(home, 'register.cjs')}`).href
}
