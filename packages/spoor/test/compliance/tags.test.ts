import assert from 'node:assert/strict'
import { test } from 'node:test'
import opentracing from 'opentracing'
import { errorFields, Tags } from 'spoor/api'
import { assertChildOf, findOneByTag, MockTracer, tagsOf } from 'spoor/testing'
import { spoorBed } from './support.js'

test('TAG-01: every standard tag has the name and the value that opentracing gives it', () => {
  const ours: Record<string, unknown> = { ...Tags }
  const missing = Object.entries(opentracing.Tags).filter(
    ([name, value]) => !['default', '__esModule'].includes(name) && ours[name] !== value,
  )
  assert.deepEqual(missing, [])
  const specified = [
    'component',
    'error',
    'span.kind',
    'sampling.priority',
    'http.method',
    'http.url',
    'http.status_code',
    'db.instance',
    'db.statement',
    'db.type',
    'db.user',
    'message_bus.destination',
    'peer.address',
    'peer.hostname',
    'peer.ipv4',
    'peer.ipv6',
    'peer.port',
    'peer.service',
  ]
  const values = Object.values(ours)
  for (const tag of specified) assert.ok(values.includes(tag), tag)
})

test('TAG-01: each of the four kinds becomes the kind of the span', () => {
  const { tracer, finished } = spoorBed()
  const kinds = ['client', 'server', 'producer', 'consumer']
  for (const kind of kinds) tracer.startSpan(kind, { tags: { [Tags.SPAN_KIND]: kind } }).finish()
  for (const kind of kinds) tracer.startSpan(kind).setTag(Tags.SPAN_KIND, kind).finish()
  assert.deepEqual(
    finished().map((span) => span.kind),
    [...kinds, ...kinds],
  )
})

test('TAG-01: sampling.priority drops a trace with 0 and keeps it with more, for its descendants too', () => {
  const { tracer, finished } = spoorBed()
  const dropped = tracer.startSpan('dropped', { tags: { [Tags.SAMPLING_PRIORITY]: 0 } })
  tracer.startSpan('child of dropped', { childOf: dropped }).finish()
  dropped.finish()
  assert.deepEqual(finished(), [])

  const never = spoorBed({ sampler: { sample: () => false } })
  const kept = never.tracer.startSpan('kept').setTag(Tags.SAMPLING_PRIORITY, 1)
  kept.finish()
  assert.deepEqual(
    never.finished().map(({ name }) => name),
    ['kept'],
  )
})

test('TAG-02: the log fields are event, error.object, error.kind, message and stack', () => {
  assert.deepEqual(
    [Tags.LOG_EVENT, Tags.LOG_ERROR_OBJECT, Tags.LOG_ERROR_KIND, Tags.LOG_MESSAGE, Tags.LOG_STACK],
    ['event', 'error.object', 'error.kind', 'message', 'stack'],
  )
})

test('TAG-02: event and error.object are enough: kind, message and stack are read from the object', () => {
  const { tracer, finished } = spoorBed()
  const failure = new TypeError('no such planet')
  tracer.startSpan('failing').log({ event: 'error', 'error.object': failure }).finish()
  const [event] = finished()[0]!.events
  assert.equal(event?.name, 'exception')
  assert.equal(event?.attributes['exception.type'], 'TypeError')
  assert.equal(event?.attributes['exception.message'], 'no such planet')
  assert.equal(event?.attributes['exception.stacktrace'], failure.stack)
})

test('TAG-02: an error without an object is described by kind, message and stack', () => {
  const { tracer, finished } = spoorBed()
  const described = { 'error.kind': 'Timeout', message: 'after 5 s', stack: 'at the gate' }
  tracer
    .startSpan('failing')
    .log({ event: 'error', ...described })
    .finish()
  const [event] = finished()[0]!.events
  assert.deepEqual(
    { ...event?.attributes },
    {
      'exception.type': 'Timeout',
      'exception.message': 'after 5 s',
      'exception.stacktrace': 'at the gate',
    },
  )
})

test('TAG-02: what is thrown need not be an error', () => {
  assert.deepEqual(errorFields('stop'), {
    event: 'error',
    'error.object': 'stop',
    'error.kind': 'string',
    message: 'stop',
  })
  assert.equal(errorFields(null)['message'], 'null')
  assert.equal(errorFields({ name: 'Custom', message: 'said so' })['error.kind'], 'Custom')
})

test('TAG-03: a consumer of a message follows from its producer and names the destination', async () => {
  const { followsFrom } = await import('spoor/api')
  const { tracer, finished } = spoorBed()
  const destination = { [Tags.MESSAGE_BUS_DESTINATION]: 'orders' }
  const message = {}
  const producer = tracer.startSpan('send', {
    tags: { [Tags.SPAN_KIND]: Tags.SPAN_KIND_MESSAGING_PRODUCER, ...destination },
  })
  tracer.inject(producer, 'text_map', message)
  producer.finish()
  tracer
    .startSpan('receive', {
      references: [followsFrom(tracer.extract('text_map', message))],
      tags: { [Tags.SPAN_KIND]: Tags.SPAN_KIND_MESSAGING_CONSUMER, ...destination },
    })
    .finish()
  const sent = findOneByTag(finished(), 'span.kind', 'producer')
  const received = findOneByTag(finished(), 'span.kind', 'consumer')
  assertChildOf(received!, sent!)
  assert.equal(tagsOf(received!)['message_bus.destination'], 'orders')
  assert.equal(received?.links[0]?.attributes['opentracing.ref_type'], 'follows_from')
})

test('TAG-04: a callback that fails leaves one tag and one log, though it is both span and scope', async () => {
  const tracer = new MockTracer()
  const failure = new Error('stop')
  await assert.rejects(
    tracer.startActiveSpan('failing', () => Promise.reject(failure)),
    failure,
  )
  const [span] = tracer.finishedSpans()
  assert.deepEqual({ ...span?.tags }, { error: true })
  assert.deepEqual(Object.keys(span?.logs[0]?.fields ?? {}), [
    'event',
    'error.object',
    'error.kind',
    'message',
    'stack',
  ])
  assert.equal(span?.logs.length, 1)
})
