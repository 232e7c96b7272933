import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MockSpan, MockTracer } from 'spoor/testing'
import { serve } from './express-server.ts'

/** Nobody traces the requests of the tests themselves. */
export const untraced: Agent = Object.assign(new Agent({ keepAlive: true }), {
  [Symbol.for('spoor.untraced')]: true,
})

export interface Answer {
  readonly status: number
  readonly body: string
}

export function get(url: string, headers: { readonly [name: string]: string } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent: untraced, headers }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (body += chunk))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
    })
    outgoing.on('error', reject)
    outgoing.end()
  })
}

/** Puts an application on a socket for as long as a test needs it. */
export async function withApp<Result>(app: unknown, body: (url: string) => Promise<Result>): Promise<Result> {
  const { url, stop } = await serve(app)
  try {
    return await body(url)
  } finally {
    await stop()
  }
}

/** Waits until no span is open, and gives and forgets those that are finished. */
export async function finished(tracer: MockTracer): Promise<MockSpan[]> {
  for (let waits = 0; tracer.unfinishedSpans().length > 0 && waits < 1000; waits += 1) await sleep(5)
  assert.deepEqual(
    tracer.unfinishedSpans().map(({ operationName }) => operationName),
    [],
    'no span stays open',
  )
  const spans = tracer.finishedSpans()
  tracer.reset()
  return spans
}

/** The span of the one request that there was. */
export async function only(tracer: MockTracer): Promise<MockSpan> {
  const spans = await finished(tracer)
  assert.equal(spans.length, 1, `one span: ${spans.map(({ operationName }) => operationName).join(', ')}`)
  return spans[0] as MockSpan
}

/** Until something holds that comes soon. */
export async function until(holds: () => boolean): Promise<void> {
  for (let waits = 0; !holds() && waits < 1000; waits += 1) await sleep(5)
  assert.ok(holds())
}
