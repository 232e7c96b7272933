import { KIND_SERVER } from '../../api/span-kind.ts'
import { noteFailure, recordingSpanOf } from '../open-requests.ts'
import type { Row } from '../row.ts'

/** What a framework's table says of an error on its way through the application. */
export interface FailureFacts<Event> {
  /** The request of `node:http` or `node:http2` that opened the server span. */
  readonly request: (event: Event) => object | undefined
  /** What went wrong; undefined when nothing did. */
  readonly error: (event: Event) => unknown
  readonly skip?: (event: Event) => boolean
}

/** For methods through which errors pass: tells the server span of its request, and records nothing else. */
export function failure<Event>(facts: FailureFacts<Event>): Row<Event> {
  return {
    does: 'enrich',
    kind: KIND_SERVER,
    name: () => '',
    describe() {},
    ...(facts.skip === undefined ? {} : { skip: facts.skip }),
    target: (event) => recordingSpanOf(facts.request(event)),
    failure: facts.error,
    fail: (_, span, error) => noteFailure(span, error),
  }
}
