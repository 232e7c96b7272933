import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MockSpan, MockTracer } from 'spoor/testing'
import { type Answer, ask } from '../../instrumentations/support/web.ts'

export interface Visit {
  readonly answer: Answer
  /** All spans of the request, in the order of their end. */
  readonly spans: readonly MockSpan[]
  /** The one server span. */
  readonly span: MockSpan
}

export type Asking = Parameters<typeof ask>[2]

/** Asks, and gives what was traced of it: one server span, as there must be. */
export async function visit(
  tracer: MockTracer,
  origin: string,
  path: string,
  asking: Asking = {},
): Promise<Visit> {
  tracer.reset()
  const answer = await ask(origin, path, asking)
  const spans = await settled(tracer)
  return { answer, spans, span: onlyServer(spans) }
}

/** Asks for what nobody traces. */
export async function visitUntraced(
  tracer: MockTracer,
  origin: string,
  path: string,
  asking: Asking = {},
): Promise<Answer> {
  tracer.reset()
  const answer = await ask(origin, path, asking)
  assert.deepEqual(names(await settled(tracer)), [])
  return answer
}

/** All spans, once none is open any more. */
export async function settled(tracer: MockTracer): Promise<MockSpan[]> {
  for (let waits = 0; tracer.unfinishedSpans().length > 0 && waits < 1000; waits += 1) await sleep(2)
  assert.deepEqual(names(tracer.unfinishedSpans()), [], 'spans that stay open')
  await sleep(2)
  return tracer.finishedSpans()
}

export function onlyServer(spans: readonly MockSpan[]): MockSpan {
  const servers = spans.filter(({ tags }) => tags['span.kind'] === 'server')
  assert.equal(servers.length, 1, `one server span: ${names(spans).join(', ')}`)
  return servers[0] as MockSpan
}

export function names(spans: readonly MockSpan[]): string[] {
  return spans.map(({ operationName }) => operationName)
}

/** The errors that a span was told of. */
export function errorsOf(span: MockSpan): unknown[] {
  return span.logs
    .filter(({ fields }) => fields['event'] === 'error')
    .map(({ fields }) => fields['error.object'])
}

/** Asks over HTTP/2, in the clear. */
export async function askHttp2(origin: string, path: string): Promise<{ status: unknown; body: string }> {
  const session = connect(origin)
  const stream = session.request({ ':path': path })
  let status: unknown
  stream.on('response', (headers) => {
    status = headers[':status']
  })
  let body = ''
  for await (const chunk of stream.setEncoding('utf8')) body += chunk
  session.close()
  await once(session, 'close')
  return { status, body }
}
