import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import type { MemorySink } from 'spoor/export'
import { redisUrl, skipped } from '../support/services.ts'
import { activeName, inSpan, relations } from './support/journal.ts'
import { assertNoSecret, finished, load, shutdown, trace } from './support/web.ts'

/** From 5.12 on the library publishes, and tells of connections and of the commands in a pipeline too. */
const versions = [
  { name: 'redis', publishes: true, pools: true },
  { name: 'redis5', publishes: true, pools: true },
  { name: 'redis58', publishes: false, pools: true },
  { name: 'redis4', publishes: false, pools: false },
]

for (const { name, publishes, pools } of versions) {
  describe(`node-redis, ${name}`, { skip: skipped('redis') }, () => {
    let sink: MemorySink
    let library: any
    let client: any

    before(async () => {
      sink = trace()
      library = load(name)
      client = await library.createClient({ url: `${redisUrl()}/2` }).connect()
      sink.reset()
    })
    afterEach(() => sink.reset())
    after(async () => {
      await (client.destroy ?? client.disconnect).call(client)
      await shutdown()
    })

    it('a transaction is one span with the number of its commands', async () => {
      await inSpan('caller', () => client.multi().set('key', 'swordfish').get('key').exec())
      const spans = await finished(sink, 2)
      const [batch] = spans
      assert.equal(batch?.name, 'MULTI')
      assert.equal(batch?.parentSpanId, spans[1]?.spanId)
      assert.equal(batch?.attributes['db.operation.batch.size'], 2)
      assertNoSecret(spans, 'swordfish')
    })

    it('a transaction that the server refuses is a failure', async () => {
      const batch = client.multi().addCommand(['NOSUCHCOMMAND'])
      await assert.rejects(batch.exec())
      const [span] = await finished(sink, 1)
      assert.deepEqual([span?.name, span?.status.code], ['MULTI', 'error'])
    })

    it('a pipeline is one span, and one for each command where the library tells of them', async () => {
      await inSpan('caller', () => client.multi().set('key', 'x').get('key').execAsPipeline())
      const commands = publishes ? ['caller > GET', 'caller > SET'] : []
      assert.deepEqual(
        await relations(sink, publishes ? 4 : 2),
        ['caller', 'caller > PIPELINE', ...commands].sort(),
      )
    })

    it('commands sent by hand, scripts and databases are told, arguments are not', async () => {
      await client.sendCommand(['SET', 'key', 'swordfish'])
      await client.eval('return ARGV[1]', { keys: ['key'], arguments: ['swordfish'] })
      await client.sendCommand(['CONFIG', 'SET', 'requirepass', ''])
      const spans = await finished(sink, 3)
      assertNoSecret(spans, 'swordfish', 'requirepass')
      assert.deepEqual(
        spans.map(({ attributes }) => [attributes['db.query.text'], attributes['db.namespace']]),
        [
          ['SET key ?', '2'],
          ['EVAL ?', '2'],
          ['CONFIG ?', '2'],
        ],
      )
    })

    it('a published message is a span; who receives it has no span of the connection active', async () => {
      const subscriber = await client.duplicate().connect()
      sink.reset()
      try {
        const heard = new Promise((resolve) =>
          subscriber.subscribe('channel', (message: string) => resolve([message, activeName()])),
        )
        await inSpan('caller', () => client.publish('channel', 'swordfish'))
        assert.deepEqual(await heard, ['swordfish', null])
        const spans = await finished(sink, 2)
        assert.equal(spans[0]?.attributes['db.query.text'], 'PUBLISH channel ?')
        assertNoSecret(spans, 'swordfish')
      } finally {
        await (subscriber.destroy ?? subscriber.disconnect).call(subscriber)
      }
    })

    it('a command on a closed client is a failure, and the error is the one that the caller gets', async () => {
      const closed = library.createClient({ url: redisUrl() })
      const error: any = await inSpan('caller', () => closed.get('key').catch((thrown: unknown) => thrown))
      const [span] = await finished(sink, 2)
      assert.deepEqual([span?.name, span?.status.code, span?.status.message], ['GET', 'error', error.message])
    })

    it('commands that wait for the connection have their own parents', async () => {
      const late = library.createClient({ url: redisUrl() })
      const connected = late.connect()
      await Promise.all(['a', 'b'].map((caller) => inSpan(caller, () => late.get(caller))))
      await connected
      const lines = (await relations(sink, publishes ? 5 : 4)).filter((line) => line !== 'connect')
      assert.deepEqual(lines, ['a', 'a > GET', 'b', 'b > GET'])
      await (late.destroy ?? late.disconnect).call(late)
    })

    // Version 4 has no pools.
    if (!pools) return

    it('callers that wait for the one client of a pool have their own parents', async () => {
      const { createClientPool } = load(name === 'redis' ? '@redis/client' : clientOf(name))
      const pool = await createClientPool({ url: redisUrl() }, { minimum: 1, maximum: 1 }).connect()
      sink.reset()
      const seen = await Promise.all(
        ['a', 'b', 'c'].map((caller) => inSpan(caller, () => pool.get(caller).then(activeName))),
      )
      assert.deepEqual(seen, ['a', 'b', 'c'])
      assert.deepEqual(await relations(sink, 6), ['a', 'a > GET', 'b', 'b > GET', 'c', 'c > GET'])
      pool.destroy()
    })
  })
}

/** Below the alias lies the client of its version. */
function clientOf(name: string): string {
  return load.resolve('@redis/client', { paths: [load.resolve(name)] })
}
