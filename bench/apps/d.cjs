// D: Express 5 that asks PostgreSQL, Redis and another service for every request: four spans of work.
const express = require('express')
const pg = require('pg')
const redis = require('redis')

const { PGHOST, PGPORT, PGUSER, REDIS_URL, UPSTREAM_URL } = process.env

async function main() {
  const database = new pg.Pool({
    host: PGHOST,
    port: Number(PGPORT),
    user: PGUSER,
    database: 'postgres',
    max: 10,
    // Connections stay: opening one leaves spans that belong to no request.
    idleTimeoutMillis: 0,
  })
  const cache = redis.createClient({ url: REDIS_URL })
  await cache.connect()
  await database.query('SELECT 1')

  const app = express()
  app.disable('x-powered-by')
  app.get('/orders/:id', async (request, response) => {
    const { id } = request.params
    const { rows } = await database.query('SELECT id, item, quantity FROM orders WHERE id = $1', [id])
    const stock = await cache.get(`stock:${id}`)
    const price = await (await fetch(`${UPSTREAM_URL}/prices/${id}`)).json()
    response.json({ order: rows[0], stock, price })
  })

  const server = app.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`))
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
