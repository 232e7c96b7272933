import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import express from 'express'
import { shutdown } from 'spoor'
import { ExpressTracing } from 'spoor/express'
import { type MockSpan, MockTracer } from 'spoor/testing'
import { environmentOptions } from '../../dist/esm/options.js'
import { ask, listen } from '../instrumentations/support/web.ts'
import { folderWith } from './support.ts'

const tracer = new MockTracer()
;(globalThis as { everyWay?: MockTracer }).everyWay = tracer
const folder = folderWith({
  'tracing.mjs': 'export const createTracer = () => globalThis.everyWay',
  'tracing.cjs': 'module.exports = () => globalThis.everyWay',
})

/** What stood in the settings of an application: the tracer in each of its forms, everything else as code and as text. */
const tracers: { [way: string]: any } = {
  'an object': tracer,
  'a function': () => tracer,
  'a function that is awaited': async () => tracer,
  'the name of an export': `${join(folder, 'tracing.mjs')}#createTracer`,
  'the name of a module': join(folder, 'tracing.cjs'),
}
const attributes = { 'a list': ['method', 'params.id'], 'lines of text': 'method\n  params.id\n' }

describe('everything, configured each way', () => {
  after(() => shutdown())

  for (const [way, given] of Object.entries(tracers)) {
    for (const [form, tracedAttributes] of Object.entries(attributes)) {
      test(`PYR-T15: the tracer as ${way}, attributes as ${form}: one span beside a mark, a renaming callback, errors and requests without a route`, async () => {
        const app = express()
        const tracing = new ExpressTracing({
          app,
          tracer: given,
          tracedAttributes,
          startSpanCallback: (span, request) =>
            request.path === '/renamed' && span.setOperationName('renamed').setTag('component', 'mine'),
        })
        app.get(
          '/users/:id',
          tracing.trace('query.page', (_request, response) => response.send('x')),
        )
        app.get('/renamed', (_request, response) => void response.send('x'))
        app.get('/boom', () => {
          throw new Error('boom')
        })
        app.use((_error: unknown, _request: any, response: any, _next: unknown) => response.status(500).end())
        void tracing.tracer // asks for it, so that a promise of it is kept before the first request
        await new Promise((resolve) => setTimeout(resolve, 5))
        const site = await listen(app)
        tracer.reset()
        for (const path of ['/users/7?page=2', '/renamed', '/boom', '/none']) await ask(site.origin, path)
        await site.close()

        const [users, renamed, boom, none] = tracer.finishedSpans() as [
          MockSpan,
          MockSpan,
          MockSpan,
          MockSpan,
        ]
        assert.equal(tracer.finishedSpans().length, 4)
        assert.deepEqual(
          [users, renamed, boom, none].map(({ operationName }) => operationName),
          ['GET /users/:id', 'renamed', 'GET /boom', 'GET'],
        )
        assert.deepEqual(
          [users.tags['method'], users.tags['params.id'], users.tags['query.page']],
          ['GET', '7', '2'],
        )
        assert.equal(renamed.tags['component'], 'mine')
        assert.deepEqual(
          [boom.tags['error'], boom.tags['http.status_code'], boom.logs.length],
          [true, 500, 1],
        )
        assert.deepEqual([none.tags['http.status_code'], 'http.route' in none.tags], [404, false])
      })
    }
  }

  test('PYR-T15: everything, or not, also as text', () => {
    const traceAll = (SPOOR_TRACE_ALL: string): boolean =>
      environmentOptions({}, { SPOOR_TRACE_ALL }, null).policy?.traceAll ?? true
    assert.deepEqual([traceAll('true'), traceAll('false'), traceAll('FALSE')], [true, false, false])
  })
})
