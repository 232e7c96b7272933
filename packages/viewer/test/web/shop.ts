/** The traces of a small shop: gateway, catalogue, orders and mailer, with their HTTP calls and queries. */
import type { Attributes } from '../../dist/api.js'
import type { PlainSpan } from './spans.ts'

const MILLISECOND = 1e6
const KIND = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const

const STACK = `PaymentError: card declined by issuer
    at authorise (file:///srv/orders/dist/payment.js:48:11)
    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)
    at async placeOrder (file:///srv/orders/dist/orders.js:112:18)
    at async dispatch (/srv/orders/node_modules/koa-compose/index.js:42:32)
    at async Application.handleRequest (/srv/orders/node_modules/koa/lib/application.js:168:5)`

/** Numbers that look random and are the same in every run: a linear congruential generator. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed * 7919 + 12_345
  }

  /** From 0 up to, not including, `limit`. */
  next(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * limit)
  }

  hex(digits: number): string {
    return Array.from({ length: digits }, () => this.next(16).toString(16))
      .join('')
      .replace(/^0/, 'a')
  }
}

/** Times in milliseconds after the trace's start; of a span only what differs from the ordinary. */
interface Sketch {
  readonly at: number
  readonly takes: number
  readonly kind?: keyof typeof KIND
  readonly attributes?: Attributes
  readonly failed?: string
  readonly events?: PlainSpan['events']
  readonly links?: PlainSpan['links']
}

export class TraceSketch {
  readonly spans: PlainSpan[] = []
  readonly traceId: string
  readonly #start: bigint
  readonly #dice: Dice
  readonly #pace: number

  /** @param pace what every time is multiplied with, so that not all traces of a kind look the same */
  constructor(start: bigint, seed: number, pace: number = 1) {
    this.#pace = pace
    this.#dice = new Dice(seed)
    this.traceId = this.#dice.hex(32)
    this.#start = start
  }

  add(parent: PlainSpan | null, service: string, name: string, sketch: Sketch): PlainSpan {
    const span: PlainSpan = {
      traceId: this.traceId,
      spanId: this.#dice.hex(16),
      parentSpanId: parent?.spanId ?? '',
      name,
      service,
      kind: KIND[sketch.kind ?? 'internal'],
      start: this.#start + BigInt(Math.round(sketch.at * this.#pace * MILLISECOND)),
      duration: Math.round(sketch.takes * this.#pace * MILLISECOND),
      status: sketch.failed === undefined ? { code: 0, message: '' } : { code: 2, message: sketch.failed },
      attributes: sketch.attributes ?? {},
      events: sketch.events ?? [],
      links: sketch.links ?? [],
    }
    this.spans.push(span)
    return span
  }
}

/** `POST /checkout`: every service, 25 spans; with `failing`, the payment is declined. Seed 1 keeps the times below. */
export function checkout(start: bigint, seed: number, failing: boolean): PlainSpan[] {
  const t = new TraceSketch(start, seed, 1 + ((seed - 1) % 13) / 10)
  const failed = failing ? { failed: '' } : {}
  const root = t.add(null, 'gateway', 'POST /checkout', {
    at: 0,
    takes: 186.4,
    kind: 'server',
    attributes: { ...server('POST', '/checkout', failing ? 502 : 201, 3000), 'enduser.id': 'u-20871' },
    ...failed,
  })
  t.add(root, 'gateway', 'session.load', { at: 0.6, takes: 2.1 })
  basket(t, root, 4.2)
  const order = t.add(root, 'gateway', 'POST', {
    at: 68.3,
    takes: 114.9,
    kind: 'client',
    attributes: client('POST', 'http://orders:3002/orders', failing ? 500 : 201, 3002),
    ...failed,
  })
  placeOrder(t, order, 69.6, failing)
  t.add(root, 'gateway', 'render checkout.html', { at: 183.4, takes: 2.6 })
  return t.spans
}

/** `GET /products`: a gateway, a catalogue and its database. */
export function browse(start: bigint, seed: number, slow: boolean = false): PlainSpan[] {
  const t = new TraceSketch(start, seed)
  const query = slow ? 640 : 3 + (seed % 7)
  const root = t.add(null, 'gateway', 'GET /products', {
    at: 0,
    takes: query + 9,
    kind: 'server',
    attributes: server('GET', '/products', 200, 3000),
  })
  const call = t.add(root, 'gateway', 'GET', {
    at: 1.2,
    takes: query + 6.4,
    kind: 'client',
    attributes: client('GET', 'http://catalogue:3001/products', 200, 3001),
  })
  const handler = t.add(call, 'catalogue', 'GET /products', {
    at: 2.4,
    takes: query + 4.1,
    kind: 'server',
    attributes: server('GET', '/products', 200, 3001),
  })
  t.add(handler, 'catalogue', 'SELECT products', {
    at: 3.3,
    takes: query,
    kind: 'client',
    attributes: database(
      'SELECT id, name, price, stock FROM products WHERE visible = $1 ORDER BY name LIMIT $2',
      'shop',
    ),
  })
  return t.spans
}

/** A trace of `size` spans, up to `depth` deep, in `services` services. */
export function large(
  start: bigint,
  seed: number,
  size: number,
  depth: number = 40,
  services: number = 8,
): PlainSpan[] {
  const t = new TraceSketch(start, seed)
  const dice = new Dice(seed + 1)
  const path: { span: PlainSpan; at: number; takes: number }[] = []
  const total = size / 4
  const root = t.add(null, 'service-0', 'batch import', { at: 0, takes: total, kind: 'server' })
  path.push({ span: root, at: 0, takes: total })
  for (let i = 1; i < size; i++) {
    if (path.length > 1 && (path.length > depth || dice.next(3) === 0))
      path.length = 1 + dice.next(path.length - 1)
    const parent = path.at(-1)!
    const at = path.length === 1 ? (i / size) * total : parent.at + (dice.next(500) / 1000) * parent.takes
    const takes =
      path.length === 1 ? 3 + dice.next(60) : Math.max(0.01, (parent.takes * (200 + dice.next(300))) / 1000)
    const service = `service-${dice.next(services)}`
    const span = t.add(parent.span, service, `step ${i} of the import`, {
      at,
      takes,
      ...(dice.next(400) === 0 ? { failed: 'row rejected' } : {}),
    })
    path.push({ span, at, takes })
  }
  return t.spans
}

function basket(t: TraceSketch, root: PlainSpan, at: number): void {
  const call = t.add(root, 'gateway', 'GET', {
    at,
    takes: 61.3,
    kind: 'client',
    attributes: client('GET', 'http://catalogue:3001/basket/u-20871', 200, 3001),
  })
  const handler = t.add(call, 'catalogue', 'GET /basket/:user', {
    at: at + 1.4,
    takes: 58.2,
    kind: 'server',
    attributes: { ...server('GET', '/basket/:user', 200, 3001), 'url.path': '/basket/u-20871' },
  })
  t.add(handler, 'catalogue', 'GET', {
    at: at + 2.2,
    takes: 0.8,
    kind: 'client',
    attributes: {
      'db.system.name': 'redis',
      'db.query.text': 'GET basket:?',
      'server.address': 'cache',
      'server.port': 6379,
    },
    events: [{ name: 'cache miss', offset: 0.6 * MILLISECOND, attributes: { key: 'basket:u-20871' } }],
  })
  t.add(handler, 'catalogue', 'SELECT basket_items', {
    at: at + 3.6,
    takes: 6.9,
    kind: 'client',
    attributes: database('SELECT product_id, amount FROM basket_items WHERE user_id = $1', 'shop'),
  })
  for (let item = 0; item < 5; item++) {
    t.add(handler, 'catalogue', 'SELECT products', {
      at: at + 11.4 + item * 8.6,
      takes: 7.4 + (item % 3) * 0.5,
      kind: 'client',
      attributes: database('SELECT id, name, price FROM products WHERE id = $1', 'shop'),
    })
  }
  t.add(handler, 'catalogue', 'price rules', { at: at + 55.1, takes: 3.4 })
}

function placeOrder(t: TraceSketch, call: PlainSpan, at: number, failing: boolean): void {
  const failed = failing ? { failed: 'card declined by issuer' } : {}
  const handler = t.add(call, 'orders', 'POST /orders', {
    at,
    takes: 112.1,
    kind: 'server',
    attributes: server('POST', '/orders', failing ? 500 : 201, 3002),
    ...failed,
  })
  t.add(handler, 'orders', 'BEGIN', {
    at: at + 1.1,
    takes: 0.7,
    kind: 'client',
    attributes: database('BEGIN', 'orders'),
  })
  t.add(handler, 'orders', 'INSERT orders', {
    at: at + 2.3,
    takes: 5.8,
    kind: 'client',
    attributes: database(
      'INSERT INTO orders (user_id, total, state) VALUES ($1, $2, $3) RETURNING id',
      'orders',
    ),
  })
  const payment = t.add(handler, 'orders', 'authorise payment', {
    at: at + 9.4,
    takes: 61.7,
    attributes: {
      'payment.amount': 84.9,
      'payment.currency': 'EUR',
      'payment.retries': 2,
      'payment.express': false,
    },
    events: [
      { name: 'attempt', offset: 0.4 * MILLISECOND, attributes: { number: 1 } },
      { name: 'attempt', offset: 30.2 * MILLISECOND, attributes: { number: 2 } },
      ...(failing ? [exception(61.2)] : []),
    ],
    ...failed,
  })
  t.add(payment, 'orders', 'POST', {
    at: at + 10.1,
    takes: 28.4,
    kind: 'client',
    attributes: client('POST', 'https://pay.example/authorisations', 503, 443),
    failed: '',
  })
  t.add(payment, 'orders', 'POST', {
    at: at + 39.7,
    takes: 30.6,
    kind: 'client',
    attributes: client('POST', 'https://pay.example/authorisations', failing ? 402 : 200, 443),
    ...(failing ? { failed: '' } : {}),
  })
  t.add(handler, 'orders', failing ? 'ROLLBACK' : 'COMMIT', {
    at: at + 72.3,
    takes: 1.9,
    kind: 'client',
    attributes: database(failing ? 'ROLLBACK' : 'COMMIT', 'orders'),
  })
  const mail = t.add(handler, 'orders', 'POST', {
    at: at + 75.6,
    takes: 34.9,
    kind: 'client',
    attributes: client('POST', 'http://mailer:3003/mails', 202, 3003),
  })
  const mailer = t.add(mail, 'mailer', 'POST', {
    at: at + 77.2,
    takes: 31.8,
    kind: 'server',
    attributes: server('POST', '/mails', 202, 3003),
  })
  t.add(mailer, 'mailer', 'render template', { at: at + 78.4, takes: 9.7 })
  t.add(mailer, 'mailer', 'smtp.send', {
    at: at + 88.9,
    takes: 52.3,
    kind: 'producer',
    attributes: { 'server.address': 'smtp', 'server.port': 25, 'messaging.destination.name': 'customers' },
  })
}

function exception(at: number): PlainSpan['events'][number] {
  return {
    name: 'exception',
    offset: at * MILLISECOND,
    attributes: {
      'exception.type': 'PaymentError',
      'exception.message': 'card declined by issuer',
      'exception.stacktrace': STACK,
    },
  }
}

function server(method: string, route: string, status: number, port: number): Attributes {
  return {
    'http.request.method': method,
    'http.response.status_code': status,
    'http.route': route,
    'network.protocol.version': '1.1',
    'server.address': 'localhost',
    'server.port': port,
    'url.path': route,
    'url.scheme': 'http',
    'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
  }
}

function client(method: string, url: string, status: number, port: number): Attributes {
  return {
    'http.request.method': method,
    'http.response.status_code': status,
    'server.address': new URL(url).hostname,
    'server.port': port,
    'url.full': url,
  }
}

function database(text: string, namespace: string): Attributes {
  return {
    'db.namespace': namespace,
    'db.operation.name': text.split(' ')[0]!,
    'db.query.text': text,
    'db.system.name': 'postgresql',
    'server.address': 'localhost',
    'server.port': 5432,
  }
}
