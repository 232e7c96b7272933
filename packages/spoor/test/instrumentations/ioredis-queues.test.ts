import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MemorySink } from 'spoor/export'
import { redisUrl, skipped } from '../support/services.ts'
import { activeName, inSpan, relations, spansNamed } from './support/journal.ts'
import { assertNoSecret, finished, load, shutdown, trace } from './support/web.ts'

for (const name of ['ioredis', 'ioredis5', 'ioredis4']) {
  describe(`commands that ${name} puts into a queue`, { skip: skipped('redis') }, () => {
    let sink: MemorySink
    let Redis: any
    const clients: any[] = []
    const open = (options: object = {}) => {
      const client = new Redis(redisUrl(), options)
      clients.push(client)
      return client
    }

    before(() => {
      sink = trace()
      Redis = load(name)
    })
    afterEach(() => {
      for (const client of clients.splice(0)) client.disconnect()
      sink.reset()
    })
    after(() => shutdown())

    it('wait for the connection in the spans of their callers; the handshake is not recorded', async () => {
      const client = await inSpan('constructor', async () => open({ db: 3, connectionName: 'test' }))
      await Promise.all(['a', 'b'].map((caller) => inSpan(caller, () => client.set(caller, 'x'))))
      assert.deepEqual(await relations(sink, 5), ['a', 'a > SET', 'b', 'b > SET', 'constructor'])
    })

    it('are recorded when they are what a handshake sends too', async () => {
      const client = open()
      await inSpan('caller', () => client.info())
      assert.deepEqual(await relations(sink, 2), ['caller', 'caller > INFO'])
    })

    it('are sent lazily, by an automatic pipeline, and still have their own parents', async () => {
      const client = open({ enableAutoPipelining: true, lazyConnect: true })
      const seen = await Promise.all(
        ['a', 'b', 'c'].map((caller) => inSpan(caller, () => client.get(caller).then(activeName))),
      )
      assert.deepEqual(seen, ['a', 'b', 'c'])
      assert.deepEqual(await relations(sink, 6), ['a', 'a > GET', 'b', 'b > GET', 'c', 'c > GET'])
    })

    it('are one span each in a pipeline, and only those that fail are failures', async () => {
      const client = open()
      await inSpan('caller', () =>
        client.pipeline().set('key', 'swordfish').get('key').lpush('key', 1).exec(),
      )
      const spans = await finished(sink, 4)
      assert.deepEqual(
        spans.map((span) => [span.name, span.attributes['db.query.text'] ?? null, span.status.code]),
        [
          ['SET', 'SET key ?', 'unset'],
          ['GET', 'GET key', 'unset'],
          ['LPUSH', 'LPUSH key ?', 'error'],
          ['caller', null, 'unset'],
        ],
      )
      assertNoSecret(spans, 'swordfish')
    })

    it('are one span each in a transaction', async () => {
      const client = open()
      await inSpan('caller', () => client.multi().set('key', 1).get('key').exec())
      const expected = ['caller', 'caller > EXEC', 'caller > GET', 'caller > MULTI', 'caller > SET']
      assert.deepEqual(await relations(sink, 5), expected)
    })

    it('are one span when the connection breaks and they are sent again', async () => {
      const client = open()
      await client.ping()
      sink.reset()
      client.stream.destroy()
      await inSpan('caller', () => client.get('key'))
      assert.deepEqual(await relations(sink, 2), ['caller', 'caller > GET'])
    })

    it('fail when the client is closed, with the error that the caller gets', async () => {
      const client = open()
      await client.ping()
      client.disconnect()
      await once(client, 'end')
      sink.reset()
      const error = await client.get('key').catch((thrown: unknown) => thrown)
      const [span] = await finished(sink, 1)
      assert.deepEqual([span?.status.code, span?.status.message], ['error', error.message])
    })

    it('do not tell of scripts, passwords and arguments', async () => {
      const client = open()
      await client.ping()
      sink.reset()
      await client.auth('swordfish').catch(() => {})
      await client.config('SET', 'requirepass', '').catch(() => {})
      await client.eval('return ARGV[1]', 1, 'key', 'swordfish')
      await client.mset('a', 'swordfish', 'b', 'swordfish')
      const spans = await finished(sink, 4)
      assertNoSecret(spans, 'swordfish', 'requirepass')
      assert.deepEqual(
        spans.map(({ attributes }) => attributes['db.query.text']),
        ['AUTH ?', 'CONFIG ?', 'EVAL ?', 'MSET a ?'],
      )
    })
  })
}

describe('a cluster', { skip: skipped('redis') }, () => {
  let server: ClusterNode
  before(async () => {
    server = await startClusterNode()
  })
  after(() => server?.stop())

  for (const name of ['ioredis', 'ioredis5', 'ioredis4']) {
    it(`of ${name} sends commands that waited for it in the spans of their callers, each once`, async () => {
      const sink = trace()
      const Redis = load(name)
      const nodes = [{ host: '127.0.0.1', port: server.port }]
      const cluster = await inSpan('constructor', async () => new Redis.Cluster(nodes))
      try {
        const seen = await Promise.all(
          ['a', 'b'].map((caller) => inSpan(caller, () => cluster.set(caller, 'x').then(activeName))),
        )
        assert.deepEqual(seen, ['a', 'b'])
        await sleep(20)
        const sets = spansNamed(sink.spans, 'SET')
        assert.equal(sets.length, 2)
        for (const set of sets) {
          const key = String(set.attributes['db.query.text']).split(' ')[1]
          assert.equal(sink.spans.find(({ spanId }) => spanId === set.parentSpanId)?.name, key)
          assert.equal(set.attributes['server.port'], server.port)
        }
      } finally {
        cluster.disconnect()
        await shutdown()
      }
    })
  }
})

interface ClusterNode {
  readonly port: number
  stop(): Promise<void>
}

/** A cluster of one, with all slots. */
async function startClusterNode(): Promise<ClusterNode> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'spoor-cluster-'))
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--cluster-enabled', 'yes', '--save', '']
  // A node that has never met another does not know its own address.
  settings.push('--cluster-announce-ip', '127.0.0.1')
  const child = spawn(
    'redis-server',
    [...settings, '--dir', folder, '--cluster-port', `${await freePort()}`],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  await ready(child)
  const client = new (load('ioredis'))(port, '127.0.0.1')
  await client.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16383)
  // A node that has just started waits two seconds before it takes commands.
  const deadline = Date.now() + 5000
  while (!(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) {
    assert.ok(Date.now() < deadline, 'the cluster is up within five seconds')
    await sleep(20)
  }
  client.disconnect()
  return {
    port,
    async stop() {
      child.kill()
      await once(child, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Reads to the end, so that the server never writes into nothing. */
function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)))
    child.stdout?.on('data', (chunk: Buffer) => String(chunk).includes('Ready to accept') && resolve())
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
