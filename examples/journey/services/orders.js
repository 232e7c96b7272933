/** Takes orders: asks the catalogue, charges the card, has a mail sent. Koa and PostgreSQL. */
import http from 'node:http'
import Router from '@koa/router'
import Koa from 'koa'
import pg from 'pg'
import { announce, setting } from './settings.js'

const catalogue = setting('CATALOGUE_URL')
const mailer = setting('MAILER_URL')
// One connection, kept: what the embedded database can do (see database.js).
const pool = new pg.Pool({ connectionString: setting('DATABASE_URL'), max: 1, idleTimeoutMillis: 0 })
pool.on('error', (error) => console.error(`the database went away: ${error.message}`))

class PaymentRefused extends Error {
  name = 'PaymentRefused'
}

const app = new Koa()
const router = new Router()

router.post('/orders', async (ctx) => {
  const { product: id, quantity, email, card } = await readJson(ctx.req)
  const product = await findProduct(id)
  const total = product.price * quantity
  const { rows } = await pool.query(
    'insert into orders (product_id, quantity, email, total) values ($1, $2, $3, $4) returning id',
    [id, quantity, email, total],
  )
  const order = { id: rows[0].id, product: product.name, quantity, total: total.toFixed(2) }
  await charge(card, order)
  await pool.query('update orders set status = $1 where id = $2', ['paid', order.id])
  await sendMail({ to: email, subject: `Your order no. ${order.id}`, text: `${quantity} × ${product.name}` })
  ctx.status = 201
  ctx.body = order
})

router.get('/orders/:id', async (ctx) => {
  const { rows } = await pool.query('select * from orders where id = $1', [ctx.params.id])
  ctx.assert(rows.length > 0, 404, 'There is no such order.')
  ctx.body = rows[0]
})

app.use(router.routes())
// Koa prints every error that a handler throws; the trace shows it anyway, and this terminal shows the trace.
app.silent = true

const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  announce('orders', server, () => server.close(() => pool.end()))
})

async function findProduct(id) {
  const response = await fetch(`${catalogue}/products/${id}`)
  if (!response.ok) throw new Error(`the catalogue answered ${response.status} for product ${id}`)
  return response.json()
}

/** A bank of our own imagination: it takes every card but those that end in 0002. */
async function charge(card, order) {
  if (card.endsWith('0002')) throw new PaymentRefused(`the card was refused for ${order.total} €`)
}

function sendMail(mail) {
  return new Promise((settle, fail) => {
    const request = http.request(`${mailer}/mails`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    })
    request.on('error', fail)
    request.on('response', (response) => {
      response.resume().on('end', settle)
      if (response.statusCode !== 202) fail(new Error(`the mailer answered ${response.statusCode}`))
    })
    request.end(JSON.stringify(mail))
  })
}

async function readJson(stream) {
  let text = ''
  for await (const chunk of stream) text += chunk
  return JSON.parse(text)
}
