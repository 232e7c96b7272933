import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemorySink } from 'spoor/export'
import type { RecordingSpan } from '../../dist/esm/tracer/span.js'
import { spoorBed } from '../compliance/support.ts'

function bed(): {
  server: (childOf?: RecordingSpan) => RecordingSpan
  child: (childOf: RecordingSpan, name?: string) => RecordingSpan
  names: () => string[]
} {
  const sink = new MemorySink()
  const { tracer } = spoorBed({ sink })
  return {
    server: (childOf) =>
      tracer.startSpan('request', { childOf, tags: { 'span.kind': 'server' } }) as RecordingSpan,
    child: (childOf, name = 'child') => tracer.startSpan(name, { childOf }) as RecordingSpan,
    names: () => sink.spans.map(({ name }) => name),
  }
}

describe('a span that is of no interest', () => {
  test('is not sent, and nothing below it is, whatever the depth', () => {
    const { server, child, names } = bed()
    const request = server()
    request.mute()
    const below = child(child(request))
    assert.equal(below.muted, true)
    assert.equal(below.recording, false, 'it does not even keep its tags')
    below.finish()
    request.finish()
    assert.deepEqual(names(), [])
  })

  test('takes with it what was open below it when that became known', () => {
    const { server, child, names } = bed()
    const request = server()
    const before = child(request)
    request.mute()
    before.finish()
    request.finish()
    assert.deepEqual(names(), [])
  })

  test('tells the services that it calls that the trace is not sampled', () => {
    const { server, child } = bed()
    const request = server()
    assert.equal(request.context().traceFlags & 1, 1)
    request.mute()
    assert.equal(request.context().traceFlags & 1, 0)
    assert.equal(child(request).context().traceFlags & 1, 0)
  })

  test('leaves the trace alone in which the request was made, in this very process', () => {
    const { server, child, names } = bed()
    const outer = child(null as never, 'outer')
    const request = server(outer)
    request.mute()
    child(request).finish()
    request.finish()
    child(outer, 'sibling').finish()
    outer.finish()
    assert.deepEqual(names(), ['sibling', 'outer'])
  })
})

describe('a request of which it is not known yet', () => {
  test('keeps back what is finished below it, and sends it in order when it is of interest', () => {
    const { server, child, names } = bed()
    const request = server()
    request.hold()
    child(request, 'first').finish()
    child(child(request), 'second').finish()
    assert.deepEqual(names(), [])
    request.release()
    assert.deepEqual(names(), ['first', 'second'])
    child(request, 'third').finish()
    request.finish()
    assert.deepEqual(names(), ['first', 'second', 'third', 'request'])
  })

  test('forgets what it kept back when it is not', () => {
    const { server, child, names } = bed()
    const request = server()
    request.hold()
    child(request, 'first').finish()
    request.mute()
    request.release()
    child(request, 'second').finish()
    request.finish()
    assert.deepEqual(names(), [])
  })

  test('holds a thousand spans and no more: one that has done so much is of interest', () => {
    const { server, child, names } = bed()
    const request = server()
    request.hold()
    for (let i = 0; i < 999; i += 1) child(request).finish()
    assert.equal(names().length, 0)
    child(request).finish()
    assert.equal(names().length, 1000)
    child(request).finish()
    assert.equal(names().length, 1001)
  })
})

describe('a suggested name', () => {
  test('holds until the application gives one, and never again after that', () => {
    const { server } = bed()
    const request = server()
    request.suggestName('GET /users/:id')
    assert.equal(request.name, 'GET /users/:id')
    request.setOperationName('mine')
    request.suggestName('GET /other')
    assert.equal(request.name, 'mine')
    request.finish()
    request.suggestName('too late')
    assert.equal(request.name, 'mine')
  })
})
