/** What the shop sells: Fastify and PostgreSQL. */
import Fastify from 'fastify'
import pg from 'pg'
import { announce, setting } from './settings.js'

// One connection, kept: what the embedded database can do (see database.js).
const pool = new pg.Pool({ connectionString: setting('DATABASE_URL'), max: 1, idleTimeoutMillis: 0 })
pool.on('error', (error) => console.error(`the database went away: ${error.message}`))
const app = Fastify()

app.get('/products', async () => {
  const { rows } = await pool.query('select id, name, story, price, stock from products order by id')
  return { products: rows }
})

// Statistics are slow on purpose: somebody forgot an index, as somebody always does.
app.get('/products/popular', async () => {
  const { rows } = await pool.query(
    'select id, name, price from products, (select pg_sleep(0.35)) as no_index order by price desc limit $1',
    [3],
  )
  return { products: rows }
})

app.get('/products/:id', async (request, reply) => {
  const { rows } = await pool.query('select id, name, story, price, stock from products where id = $1', [
    request.params.id,
  ])
  if (rows.length === 0) return reply.code(404).send({ error: 'There is no such product.' })
  return rows[0]
})

await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 0) })
announce('catalogue', app.server, () => app.close().then(() => pool.end()))
