/**
 * `npm test`: sets everything up, starts the servers that tests talk to, and runs every test of the built packages.
 *
 *     npm test                    everything
 *     npm test -- redis otlp      the files whose path contains one of these words
 *     npm test -- --only-names 'AC-0'   passes a title pattern on to node:test
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { bootstrap } from './bootstrap.mjs'
import { startServices } from './services.mjs'
import { filesUnder } from './support/fingerprint.mjs'
import { root } from './support/run.mjs'
import { main, say, Trouble } from './support/terminal.mjs'

const folders = ['packages/spoor/test-dist', 'packages/viewer/test-dist', 'test']

/** Two cores are the machine we plan for: more files at a time only make the timings of tests worse. */
const concurrency = 2

await main(async () => {
  const { values, positionals: words } = parseArgs({
    allowPositionals: true,
    options: { 'only-names': { type: 'string' }, concurrency: { type: 'string' } },
  })
  await bootstrap({ tests: true })
  const files = testFiles(words)
  if (files.length === 0)
    throw new Trouble(`No test file matches ${words.map((word) => `"${word}"`).join(' or ')}.`)

  const services = await startServices()
  let interrupted
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => (interrupted ??= signal))
  try {
    const args = [
      `--test-concurrency=${values.concurrency ?? concurrency}`,
      ...(values['only-names'] ? [`--test-name-pattern=${values['only-names']}`] : []),
      ...reporter(),
      ...files,
    ]
    process.exitCode = await runTests(args, services.env)
  } finally {
    await services.stop()
  }
  if (interrupted) say(`Stopped by ${interrupted}.`)
})

/** Built test files and the repository's own, in a stable order; the long ones of the repository go first. */
function testFiles(words) {
  const files = folders.flatMap((folder) =>
    filesUnder(folder)
      .filter((file) => /\.test\.m?js$/.test(file))
      .sort(),
  )
  const matching = files.filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
  return matching.toSorted((a, b) => Number(b.startsWith('test/')) - Number(a.startsWith('test/')))
}

/** On a terminal node's own tree of titles; elsewhere a line per file, every failure in full, and the same summary. */
function reporter() {
  if (process.stdout.isTTY) return ['--test-reporter=spec']
  return [`--test-reporter=${pathToFileURL(join(root, 'scripts/support/test-reporter.mjs'))}`]
}

/**
 * Runs node's test runner to its end and gives its exit code. The runner and everything that the tests start are one
 * process group, so that a signal ends all of it: a test that is cut short cannot clean up after itself.
 */
function runTests(args, services) {
  // What the person's shell configures for tracing must not configure the tests.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OTEL_')))
  const grouped = process.platform !== 'win32'
  return new Promise((settle, fail) => {
    const runner = spawn(process.execPath, ['--test', ...args], {
      cwd: root,
      env: { ...env, ...services },
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: grouped,
    })
    const end = (signal) => {
      try {
        if (grouped) process.kill(-runner.pid, signal)
        else runner.kill(signal)
      } catch {
        // Nobody is left in the group.
      }
    }
    let interrupted = false
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.once(signal, () => {
        interrupted = true
        end(signal)
        setTimeout(end, 3000, 'SIGKILL').unref()
      })
    }
    runner.on('error', fail)
    runner.on('close', (code) => {
      if (interrupted) end('SIGKILL')
      settle(code ?? 1)
    })
  })
}
