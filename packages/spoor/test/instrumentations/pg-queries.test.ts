import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import type { MemorySink } from 'spoor/export'
import { postgresUrl, skipped } from '../support/services.ts'
import { activeName, inSpan, relations, spansNamed } from './support/journal.ts'
import { assertNoSecret, finished, load, shutdown, trace } from './support/web.ts'

describe('every way to query with pg', { skip: skipped('postgres') }, () => {
  let sink: MemorySink
  let pg: any
  let client: any
  let pool: any

  before(async () => {
    sink = trace()
    pg = load('pg')
    client = new pg.Client({ connectionString: postgresUrl() })
    await client.connect()
    pool = new pg.Pool({ connectionString: postgresUrl(), max: 1 })
  })
  afterEach(() => sink.reset())
  after(async () => {
    await client.end()
    await pool.end()
    await shutdown()
  })

  it('callers that wait for the one client of a pool each have their own span as the parent', async () => {
    const seen = await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        inSpan(name, () => callback((done) => pool.query('SELECT pg_sleep(0.005)', done)).then(activeName)),
      ),
    )
    assert.deepEqual(seen, ['a', 'b', 'c'])
    assert.deepEqual(await relations(sink, 6), ['a', 'a > SELECT', 'b', 'b > SELECT', 'c', 'c > SELECT'])
  })

  it('callbacks of pool.query and pool.connect run in the span of their caller', async () => {
    const seen: unknown[] = []
    await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        inSpan(
          name,
          () =>
            new Promise<void>((resolve, reject) =>
              pool.connect((error: unknown, connection: any, release: () => void) => {
                seen.push(activeName())
                if (error) return reject(error)
                connection.query('SELECT 1', () => {
                  seen.push(activeName())
                  release()
                  resolve()
                })
              }),
            ),
        ),
      ),
    )
    assert.deepEqual(seen, ['a', 'a', 'b', 'b', 'c', 'c'])
    assert.deepEqual(await relations(sink, 6), ['a', 'a > SELECT', 'b', 'b > SELECT', 'c', 'c > SELECT'])
  })

  it('a callback in the configuration runs in the span of its caller and stays as it was', async () => {
    const config: { text: string; callback?: unknown } = { text: 'SELECT 1' }
    let given: unknown
    const seen = await inSpan('caller', () =>
      callback((done) => {
        given = config.callback = done
        assert.equal(client.query(config), undefined)
      }).then(activeName),
    )
    assert.equal(seen, 'caller')
    assert.equal(config.callback, given)
    assert.deepEqual(await relations(sink, 2), ['caller', 'caller > SELECT'])
  })

  it('a Query tells of its rows and its end in the span of its caller', async () => {
    const seen = await inSpan('caller', async () => {
      const names: unknown[] = []
      const query = new pg.Query('SELECT generate_series(1, 3)')
      assert.equal(client.query(query), query)
      query.on('row', () => names.push(activeName()))
      await new Promise<void>((resolve) => query.on('end', () => resolve(void names.push(activeName()))))
      return names
    })
    assert.deepEqual(seen, ['caller', 'caller', 'caller', 'caller'])
    assert.deepEqual(await relations(sink, 2), ['caller', 'caller > SELECT'])
  })

  it('a Query that fails is recorded as failed, with a listener and with a callback', async () => {
    const error = await inSpan('caller', async () => {
      const query = client.query(new pg.Query('SELECT nothing'))
      return new Promise<Error>((resolve) => query.on('error', resolve))
    })
    const failed = await inSpan('caller', () =>
      callback((done) => client.query(new pg.Query('SELECT nothing', done))).catch((thrown) => thrown),
    )
    assert.equal(failed.message, error.message)
    const selects = spansNamed(await finished(sink, 4), 'SELECT')
    assert.deepEqual(
      selects.map(({ status }) => status.code),
      ['error', 'error'],
    )
    assert.deepEqual(
      selects.map(({ attributes }) => attributes['error.type']),
      ['42703', '42703'],
    )
  })

  it('a cursor is one span from its first row to its end, whoever reads it how', async () => {
    const Cursor = load('pg-cursor')
    await inSpan('caller', async () => {
      const cursor = client.query(new Cursor('SELECT generate_series(1, 5)'))
      const rows = await callback((done) => cursor.read(2, done)).then((rows) => [rows, activeName()])
      assert.deepEqual([(rows[0] as unknown[]).length, rows[1]], [2, 'caller'])
      await callback((done) =>
        cursor.read(2, (...results: unknown[]) => {
          assert.equal(activeName(), 'caller')
          done(...results)
        }),
      )
      assert.equal(sink.spans.length, 0)
      assert.equal((await cursor.read(10)).length, 1)
      await cursor.close()
    })
    assert.deepEqual(await relations(sink, 2), ['caller', 'caller > SELECT'])
  })

  it('a cursor that is closed early, or fails, ends its span', async () => {
    const Cursor = load('pg-cursor')
    const early = client.query(new Cursor('SELECT generate_series(1, 5)'))
    await early.read(1)
    await early.close()
    const failing = client.query(new Cursor('SELECT nothing'))
    await assert.rejects(failing.read(1), /nothing/)
    const spans = await finished(sink, 2)
    assert.deepEqual(
      spans.map(({ status }) => status.code),
      ['unset', 'error'],
    )
  })

  it('a query stream is one span, and its listeners hear in the span of the caller', async () => {
    const QueryStream = load('pg-query-stream')
    const seen = new Set<unknown>()
    await inSpan('listens', async () => {
      const stream = client.query(new QueryStream('SELECT generate_series(1, 300)'))
      stream.on('data', () => seen.add(activeName()))
      await new Promise<void>((resolve) => stream.on('end', () => resolve(void seen.add(activeName()))))
    })
    await inSpan('iterates', async () => {
      let rows = 0
      for await (const _row of client.query(new QueryStream('SELECT generate_series(1, 300)'))) {
        seen.add(activeName())
        rows += 1
      }
      assert.equal(rows, 300)
    })
    assert.deepEqual([...seen], ['listens', 'iterates'])
    assert.deepEqual(await relations(sink, 4), [
      'iterates',
      'iterates > SELECT',
      'listens',
      'listens > SELECT',
    ])
  })

  it('a query stream that fails is recorded as failed', async () => {
    const QueryStream = load('pg-query-stream')
    const stream = client.query(new QueryStream('SELECT nothing'))
    await assert.rejects(async () => {
      for await (const _row of stream) assert.fail('there are no rows')
    }, /nothing/)
    assert.equal((await finished(sink, 1))[0]?.status.code, 'error')
  })

  it('a prepared statement is sent without its values, and its configuration may be used again', async () => {
    const prepared = { name: 'fetch', text: 'SELECT $1::text AS word', values: ['swordfish'] }
    await client.query(prepared)
    assert.deepEqual((await client.query(prepared)).rows, [{ word: 'swordfish' }])
    const spans = await finished(sink, 2)
    assert.deepEqual(
      spans.map(({ attributes }) => attributes['db.query.text']),
      ['SELECT $1::text AS word', 'SELECT $1::text AS word'],
    )
    assertNoSecret(spans, 'swordfish')
  })

  it('every statement of a transaction is a span, the one that fails too', async () => {
    await inSpan('transaction', async () => {
      await client.query('BEGIN')
      await assert.rejects(client.query("INSERT INTO nowhere VALUES ('swordfish')"), /nowhere/)
      await client.query('ROLLBACK')
    })
    const spans = await finished(sink, 4)
    assert.deepEqual(
      spans.map(({ name, status }) => [name, status.code]),
      [
        ['BEGIN', 'unset'],
        ['INSERT nowhere', 'error'],
        ['ROLLBACK', 'unset'],
        ['transaction', 'unset'],
      ],
    )
    assertNoSecret(spans, 'swordfish')
  })

  it('a query that takes too long ends when its caller is told', async () => {
    const own = new pg.Client({ connectionString: postgresUrl() })
    await own.connect()
    await assert.rejects(own.query({ text: 'SELECT pg_sleep(0.1)', query_timeout: 20 }), /timeout/)
    const [span] = await finished(sink, 1)
    assert.equal(span?.status.code, 'error')
    assert.ok((span?.endTime ?? 0) - (span?.startTime ?? 0) < 90)
    await own.end()
  })

  it('pipelined queries each have their own parent', async () => {
    const piped = new pg.Client({ connectionString: postgresUrl(), pipeline: true })
    await piped.connect()
    await Promise.all(['a', 'b'].map((name) => inSpan(name, () => piped.query('SELECT $1::text', [name]))))
    assert.deepEqual(await relations(sink, 4), ['a', 'a > SELECT', 'b', 'b > SELECT'])
    await piped.end()
  })

  it('what pg throws at once is recorded and thrown on', async () => {
    assert.throws(() => client.query(null), { name: 'TypeError', message: /null or undefined query/ })
    const [span] = await finished(sink, 1)
    assert.deepEqual([span?.name, span?.status.code], ['query', 'error'])
  })
})

/** A callback style made a promise, which settles with what the callback gets. */
function callback(start: (done: (...results: any[]) => void) => void): Promise<any> {
  return new Promise((resolve, reject) => start((error, result) => (error ? reject(error) : resolve(result))))
}
