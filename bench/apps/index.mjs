/**
 * The four applications. `work` is the number of spans that a trace of one request needs so that every unit of work
 * is visible: the request itself and, in D, a query, a Redis command and a call. A contestant that sends fewer has
 * not traced the application, and its figure means nothing.
 */
import { fileURLToPath } from 'node:url'

const file = (name) => fileURLToPath(new URL(name, import.meta.url))

/** `requests` are enough for more than a second of CPU per measurement without any tracing. */
export const apps = {
  A: {
    title: 'node:http hello',
    file: file('a.cjs'),
    path: '/',
    work: 1,
    requests: 100_000,
    services: false,
  },
  B: {
    title: 'Express 5, three middlewares, a route parameter',
    file: file('b.cjs'),
    path: '/users/42',
    work: 1,
    requests: 60_000,
    services: false,
  },
  C: {
    title: 'Fastify 5, a route parameter',
    file: file('c.cjs'),
    path: '/users/42',
    work: 1,
    requests: 100_000,
    services: false,
  },
  D: {
    title: 'Express 5, pg, Redis, outgoing fetch',
    file: file('d.cjs'),
    path: '/orders/42',
    work: 4,
    requests: 20_000,
    services: true,
  },
}
