import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { init, instrument, shutdown } from 'spoor'
import { MemorySink } from 'spoor/export'
import { instrumentations } from '../../dist/esm/instrumentations/index.js'
import { postgresUrl, redisUrl, skipped } from '../support/services.ts'
import { load } from './support/web.ts'

/** What each library does once, with spans of these names. */
interface Library {
  readonly name: string
  readonly service: 'postgres' | 'redis'
  readonly use: (library: any) => Promise<unknown>
  readonly names: readonly string[]
}

const useIoredis = async (Redis: any): Promise<void> => {
  const client = new Redis(redisUrl())
  await client.get('key')
  await client.pipeline().get('key').exec()
  client.disconnect()
}

const useRedis = async ({ createClient }: any): Promise<void> => {
  const client = createClient({ url: redisUrl() })
  await client.connect()
  await client.get('key')
  await client.multi().get('key').exec()
  await (client.destroy ?? client.disconnect).call(client)
}

const usePg = async ({ Pool }: any): Promise<void> => {
  const pool = new Pool({ connectionString: postgresUrl(), max: 1 })
  await new Promise((resolve) => pool.query('SELECT 1', resolve))
  await pool.end()
}

const libraries: Library[] = [
  { name: 'pg', service: 'postgres', use: usePg, names: ['SELECT'] },
  { name: 'pg80', service: 'postgres', use: usePg, names: ['SELECT'] },
  { name: 'ioredis', service: 'redis', use: useIoredis, names: ['GET', 'GET'] },
  { name: 'ioredis5', service: 'redis', use: useIoredis, names: ['GET', 'GET'] },
  { name: 'ioredis4', service: 'redis', use: useIoredis, names: ['GET', 'GET'] },
  { name: 'redis', service: 'redis', use: useRedis, names: ['connect', 'GET', 'MULTI'] },
  { name: 'redis5', service: 'redis', use: useRedis, names: ['connect', 'GET', 'MULTI'] },
  { name: 'redis58', service: 'redis', use: useRedis, names: ['GET', 'MULTI'] },
  // The commands of version 4 pass a private method that nobody can reach from outside.
  { name: 'redis4', service: 'redis', use: useRedis, names: ['MULTI'] },
]

/** Loads a library where no hook sees it, as in a bundle: before tracing, and out of the module cache again. */
function loadUnseen(name: string): any {
  const library = load(name)
  for (const file of Object.keys(load.cache)) {
    if (file.includes('/node_modules/')) delete load.cache[file]
  }
  return library
}

for (const { name, service, use, names } of libraries) {
  describe(`${name}, handed over by hand`, { skip: skipped(service) }, () => {
    const sink = new MemorySink()
    let library: any
    before(() => {
      library = loadUnseen(name)
      init({ exporters: [sink], logLevel: 'silent' })
    })
    after(() => shutdown())

    it('is not seen by any hook before, and traced after', async () => {
      const published = names.filter(() => name === 'redis' || name === 'redis5')
      await use(library)
      assert.deepEqual(
        sink.spans.map((span) => span.name),
        published,
      )
      sink.reset()
      assert.equal(instrument(library), library)
      instrument(library)
      await use(library)
      assert.deepEqual(
        sink.spans.map((span) => span.name),
        names,
      )
    })

    it('is as it was when tracing has ended', async () => {
      await shutdown()
      sink.reset()
      await use(library)
      assert.equal(sink.spans.length, 0)
    })
  })
}

describe('every patch of every table', () => {
  /** Files that no way from the exports of their package leads to. */
  const unreachable = [
    'pg lib/native/client.js',
    '@redis/client dist/lib/client/index.js',
    'restify lib/server.js',
    // Of CommonJS, the router that a Hono begins with is reached through it, and through that the others.
    'hono dist/router/smart-router/router.js',
    ...['pattern-router', 'reg-exp-router', 'trie-router', 'linear-router'].flatMap((router) => [
      `hono dist/cjs/router/${router}/router.js`,
      `hono dist/router/${router}/router.js`,
    ]),
  ]

  it('says how to reach its methods by hand, or is known to be out of reach', () => {
    const silent = instrumentations
      .flatMap((table) => table.patches ?? [])
      .filter((patch) => patch.from === undefined)
      .map(({ module, file }) => `${module} ${file}`)
    assert.deepEqual(silent.toSorted(), unreachable.toSorted())
  })

  it('finds nothing, and throws nothing, in what is no library', () => {
    init({ exporters: [new MemorySink()], logLevel: 'silent' })
    const strange = [
      {},
      () => {},
      { default: null },
      { Client: null, Query: 1, types: 1 },
      { createClient: () => null },
    ]
    for (const library of strange) assert.equal(instrument(library), library)
    const throws = {
      createClient() {
        throw new Error('of the library')
      },
    }
    assert.equal(instrument(throws), throws)
    return shutdown()
  })
})
