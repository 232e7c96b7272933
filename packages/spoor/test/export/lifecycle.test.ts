import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { onProcessEnd } from 'spoor/export'
import { type Behaviour, type Collector, freePort, startCollector } from './support/collector.js'

const APP = fileURLToPath(new URL('./support/ending-app.js', import.meta.url))

interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
  /** Milliseconds from the last signal, or from the start where none was sent. */
  took: number
  stderr: string
}

// Limits on durations are wide, for machines that have much else to do; what they rule out takes 10 s and more.

const running = new Set<ChildProcess>()
after(() => {
  for (const child of running) child.kill('SIGKILL')
})

/** Runs the application and sends it signals, 50 ms apart, when it is ready. */
async function run(
  way: string,
  options: { port?: number | undefined; signals?: NodeJS.Signals[]; env?: Record<string, string> } = {},
): Promise<Ending> {
  const env: NodeJS.ProcessEnv = { ...process.env }
  delete env['NODE_OPTIONS']
  delete env['COLLECTOR']
  Object.assign(env, options.env)
  if (options.port !== undefined) env['COLLECTOR'] = String(options.port)
  const child = spawn(process.execPath, [APP, way], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  const ended = once(child, 'close')
  const deadline = setTimeout(() => child.kill('SIGKILL'), 20_000)
  let began = Date.now()
  if (options.signals) {
    await Promise.race([once(child.stdout, 'data'), ended]) // ended: it could not even start
    for (const [index, signal] of options.signals.entries()) {
      if (index > 0) await new Promise((resolve) => setTimeout(resolve, 50))
      began = Date.now()
      child.kill(signal)
    }
  }
  const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null]
  clearTimeout(deadline)
  running.delete(child)
  return { code, signal, took: Date.now() - began, stderr }
}

describe('the end of a process', () => {
  let collector: Collector | undefined

  afterEach(async () => {
    await collector?.close()
    collector = undefined
  })

  async function collectorThat(behaviour?: Behaviour): Promise<Collector> {
    collector = await startCollector(behaviour)
    return collector
  }

  /** Without repetitions: what is in flight when `exit` cuts in is sent once more, which OTLP allows. */
  const arrived = (): string[] => [...new Set(collector?.spans().map((span) => span.name))]

  for (const way of [
    'dry',
    'exit 0',
    'exit 3',
    'exit code',
    'throw',
    'reject',
    'beforeExit',
    'await flush',
  ]) {
    it(`${way}: the same status as without us, and the last span arrives`, async () => {
      const { port } = await collectorThat()
      const [bare, traced] = await Promise.all([run(way), run(way, { port })])
      assert.deepEqual([traced.code, traced.signal], [bare.code, bare.signal])
      assert.deepEqual(arrived(), [way])
      assert.equal(traced.stderr, bare.stderr)
    })
  }

  it('abort(): the same signal; nothing can be saved, and nothing hangs', async () => {
    const { port } = await collectorThat()
    assert.equal((await run('abort', { port })).signal, 'SIGABRT')
  })

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    it(`${signal} to a server that does not listen for it: it dies of the signal, and the span arrives`, async () => {
      const { port } = await collectorThat()
      const [bare, traced] = await Promise.all([
        run('serve', { signals: [signal] }),
        run('serve', { port, signals: [signal] }),
      ])
      assert.deepEqual([bare.code, bare.signal], [null, signal])
      assert.deepEqual([traced.code, traced.signal], [null, signal])
      assert.ok(traced.took < 8000, `took ${traced.took} ms`)
      assert.equal(arrived().length, 1)
    })
  }

  it('a server that listens for SIGTERM decides itself how to end, and the span arrives', async () => {
    const { port } = await collectorThat()
    const { code } = await run('serve and listen', { port, signals: ['SIGTERM'] })
    assert.equal(code, 7)
    assert.equal(arrived().length, 1)
  })

  it('a server that ignores SIGINT goes on', async () => {
    const { port } = await collectorThat()
    const { code } = await run('serve and ignore', { port, signals: ['SIGINT', 'SIGINT', 'SIGTERM'] })
    assert.equal(code, 8)
  })

  it('a library that kills the process if it is the only listener still does', async () => {
    const { port } = await collectorThat()
    const { signal, took } = await run('serve with signal-exit', { port, signals: ['SIGTERM'] })
    assert.equal(signal, 'SIGTERM')
    assert.ok(took < 8000, `took ${took} ms`)
    assert.equal(arrived().length, 1)
  })

  it('a second SIGINT ends the wait for a collector that hangs', async () => {
    const { port } = await collectorThat(() => {})
    const { signal, took } = await run('serve', {
      port,
      signals: ['SIGINT', 'SIGINT'],
      env: { END_TIMEOUT: '15000' },
    })
    assert.equal(signal, 'SIGINT')
    assert.ok(took < 8000, `took ${took} ms`)
  })

  it('a collector that hangs holds up the end for the bounded time and no longer', async () => {
    const { port } = await collectorThat(() => {})
    const env = { END_TIMEOUT: '300' }
    const [signalled, dry] = await Promise.all([
      run('serve', { port, signals: ['SIGTERM'], env }),
      run('dry', { port, env }),
    ])
    assert.equal(signalled.signal, 'SIGTERM')
    assert.ok(signalled.took < 8000, `took ${signalled.took} ms`)
    assert.equal(dry.code, 0)
    assert.ok(dry.took < 8000, `took ${dry.took} ms`)
  })

  it('an absent collector does not hold up the end', async () => {
    const port = await freePort()
    const signalled = await run('serve', { port, signals: ['SIGTERM'] })
    assert.equal(signalled.signal, 'SIGTERM')
    assert.ok(signalled.took < 8000, `took ${signalled.took} ms`)
    const dry = await run('dry', { port })
    assert.equal(dry.code, 0)
    assert.ok(dry.took < 8000, `took ${dry.took} ms`)
    assert.match(dry.stderr, /cannot reach the collector/)
  })

  it('the helper that sends at exit gets none of NODE_OPTIONS, which would trace it in turn', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spoor-preload-'))
    try {
      const marks = join(folder, 'marks')
      const preload = join(folder, 'preload.cjs')
      writeFileSync(preload, `require('fs').appendFileSync(${JSON.stringify(marks)}, 'loaded\\n')`)
      const { port } = await collectorThat()
      await run('exit 0', { port, env: { NODE_OPTIONS: `--require=${preload}` } })
      assert.equal(readFileSync(marks, 'utf8'), 'loaded\n')
      assert.equal(arrived().length, 1)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('undoing takes every listener away, and only the last of several does', () => {
    const events = ['beforeExit', 'exit', 'SIGTERM', 'SIGINT', 'SIGHUP'] as const
    const counts = (): number[] => events.map((event) => process.listenerCount(event))
    const before = counts()
    const listeners = process.listeners
    const participant = { flush: async () => {}, exit: () => {} }
    const undoFirst = onProcessEnd({ ...participant })
    const undoSecond = onProcessEnd({ ...participant })
    assert.deepEqual(
      counts(),
      before.map((count) => count + 1),
    )
    assert.equal(process.listeners('SIGTERM').length, before[2])
    undoFirst()
    undoFirst()
    assert.deepEqual(
      counts(),
      before.map((count) => count + 1),
    )
    undoSecond()
    assert.deepEqual(counts(), before)
    assert.equal(process.listeners, listeners)
  })
})
