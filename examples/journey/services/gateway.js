/** The front door: the shop's page and its API, on Express. Nothing here knows that it is being traced. */
import http from 'node:http'
import { fileURLToPath } from 'node:url'
import express from 'express'
import { announce, setting } from './settings.js'

const catalogue = setting('CATALOGUE_URL')
const orders = setting('ORDERS_URL')

const app = express()
app.disable('x-powered-by')
app.use(express.json({ limit: '10kb' }))

app.get('/api/products', async (_request, response) => {
  await pass(await get(`${catalogue}/products`), response)
})

app.get('/api/products/:id', async (request, response) => {
  await pass(await get(`${catalogue}/products/${encodeURIComponent(request.params.id)}`), response)
})

app.post('/api/orders', async (request, response) => {
  const { product, quantity = 1, email = 'guest@example.com', card = '' } = request.body ?? {}
  const answer = await fetch(`${orders}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ product: Number(product), quantity: Number(quantity), email, card }),
  })
  if (answer.status === 500) return response.status(502).json({ error: 'Your card was refused.' })
  await pass({ status: answer.status, text: await answer.text() }, response)
})

app.get('/api/orders/:id', async (request, response) => {
  const answer = await fetch(`${orders}/orders/${encodeURIComponent(request.params.id)}`)
  await pass({ status: answer.status, text: await answer.text() }, response)
})

app.use(express.static(fileURLToPath(new URL('../public', import.meta.url))))

const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => announce('gateway', server))

async function pass({ status, text }, response) {
  response.status(status).type('json').send(text)
}

/** The old way to ask, which half of the world's services still go. */
function get(url) {
  return new Promise((settle, fail) => {
    http
      .get(url, (answer) => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (chunk) => {
          text += chunk
        })
        answer.on('end', () => settle({ status: answer.statusCode, text }))
      })
      .on('error', fail)
  })
}
