import assert from 'node:assert/strict'
import diagnostics from 'node:diagnostics_channel'
import { ClientRequest, IncomingMessage, Server, ServerResponse } from 'node:http'
import http2 from 'node:http2'
import { Server as SecureServer } from 'node:https'
import { describe, it } from 'node:test'
import { activeSpan, tracer, withSpan } from 'spoor'
import * as instrument from 'spoor/instrument'
import { ask, listen } from './support/web.ts'

describe('without init()', () => {
  it('nothing of Node is touched by importing the package', () => {
    assert.equal(typeof instrument.instrumentation, 'function')
    for (const { prototype } of [Server, SecureServer, IncomingMessage, ServerResponse, ClientRequest]) {
      assert.equal(Object.hasOwn(prototype, 'emit'), false)
    }
    assert.equal(http2.connect.name, 'connect')
    assert.equal(Symbol.for('spoor.wrapped') in http2.connect, false)
    for (const channel of [
      'undici:request:create',
      'tracing:fastify.request.handler:start',
      'fastify.initialization',
    ]) {
      assert.equal(diagnostics.channel(channel).hasSubscribers, false)
    }
  })

  it('requests are served, and spans that the application makes are nobody’s', async () => {
    const site = await listen((incoming, response) => {
      withSpan('work', (span) => {
        span.setTag('path', incoming.url)
        response.end(String(activeSpan()?.context().toTraceId() ?? ''))
      })
    })
    const answer = await ask(site.origin, '/', { headers: { traceparent: 'nonsense' } })
    assert.equal(answer.status, 200)
    assert.equal(answer.body.replace(/0/g, ''), '')
    assert.equal(tracer.activeSpan, null)
    await site.close()
  })
})
