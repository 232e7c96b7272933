/**
 * What customers do in the shop, and the trace that each visit has to leave: who calls whom, from the gateway's server
 * span down to the last query. A span in `trace` is
 *
 *     [service, kind, name, ...the spans right below it]
 *
 * where an object among the latter says more about the span itself: `failed` and the `exception` it recorded, the
 * `attributes` it must have, how many milliseconds it lasts `atLeast`.
 */
import { setTimeout as sleep } from 'node:timers/promises'

const postgres = { attributes: { 'db.system.name': 'postgresql' } }
const query = (service, name) => [service, 'client', name, postgres]

const product = ['catalogue', 'server', 'GET /products/:id', query('catalogue', 'SELECT products')]
const mail = ['mailer', 'server', 'POST']
const newOrder = [query('orders', 'INSERT orders'), ['orders', 'client', 'GET', product]]
const order = { product: 1, quantity: 1, email: 'ada@example.com', card: '4000 0000 0000 0001' }

export const visits = [
  {
    title: 'opens the shop',
    request: ['GET', '/'],
    status: 200,
    trace: ['gateway', 'server', 'GET'],
  },
  {
    title: 'looks around',
    request: ['GET', '/api/products'],
    status: 200,
    trace: [
      'gateway',
      'server',
      'GET /api/products',
      [
        'gateway',
        'client',
        'GET',
        ['catalogue', 'server', 'GET /products', query('catalogue', 'SELECT products')],
      ],
    ],
  },
  {
    title: 'picks up the compass',
    request: ['GET', '/api/products/2'],
    status: 200,
    trace: ['gateway', 'server', 'GET /api/products/:id', ['gateway', 'client', 'GET', product]],
  },
  {
    title: 'asks what is popular (a slow query)',
    request: ['GET', '/api/products/popular'],
    status: 200,
    trace: [
      'gateway',
      'server',
      'GET /api/products/:id',
      { atLeast: 350 },
      [
        'gateway',
        'client',
        'GET',
        [
          'catalogue',
          'server',
          'GET /products/popular',
          ['catalogue', 'client', 'SELECT products', { ...postgres, atLeast: 340 }],
        ],
      ],
    ],
  },
  {
    title: 'buys boots',
    request: ['POST', '/api/orders', order],
    status: 201,
    trace: [
      'gateway',
      'server',
      'POST /api/orders',
      [
        'gateway',
        'client',
        'POST',
        [
          'orders',
          'server',
          'POST /orders',
          ...newOrder,
          query('orders', 'UPDATE orders'),
          ['orders', 'client', 'POST', mail],
        ],
      ],
    ],
  },
  {
    title: 'pays with a bad card (an error)',
    request: ['POST', '/api/orders', { ...order, card: '4000 0000 0000 0002' }],
    status: 502,
    trace: [
      'gateway',
      'server',
      'POST /api/orders',
      { failed: true },
      [
        'gateway',
        'client',
        'POST',
        { failed: true },
        ['orders', 'server', 'POST /orders', { failed: true, exception: 'PaymentRefused' }, ...newOrder],
      ],
    ],
    shown: true,
  },
  {
    title: 'has a slow mail server',
    request: ['POST', '/api/orders', { ...order, product: 4, quantity: 2, email: 'bea@slow.example' }],
    status: 201,
    trace: [
      'gateway',
      'server',
      'POST /api/orders',
      { atLeast: 600 },
      [
        'gateway',
        'client',
        'POST',
        [
          'orders',
          'server',
          'POST /orders',
          ...newOrder,
          query('orders', 'UPDATE orders'),
          ['orders', 'client', 'POST', { atLeast: 600 }, ['mailer', 'server', 'POST', { atLeast: 600 }]],
        ],
      ],
    ],
  },
]

/**
 * Goes through all visits, one after the other, and notes when each was under way.
 *
 * @returns {Promise<{ visit: object, from: number, to: number }[]>} milliseconds since the epoch
 */
export async function makeVisits(shopUrl) {
  const made = []
  for (const visit of visits) {
    // A breath between two customers, so that no clock is so wrong as to give one the other's trace.
    await sleep(50)
    const [method, path, body] = visit.request
    const from = Date.now()
    const response = await fetch(shopUrl + path, {
      method,
      signal: AbortSignal.timeout(20_000),
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
    const text = await response.text()
    made.push({ visit, from, to: Date.now() })
    if (response.status !== visit.status) {
      throw new Error(
        `A customer ${visit.title}: ${method} ${path} answered ${response.status}, not ${visit.status}:\n${text}`,
      )
    }
  }
  return made
}
