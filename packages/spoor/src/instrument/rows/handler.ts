import { KIND_SERVER } from '../../api/span-kind.ts'
import { recordingSpanOf, tellHandler } from '../open-requests.ts'
import type { Row } from '../row.ts'

/** What a framework's table says of who handles a request. */
export interface HandlerFacts<Event> {
  readonly framework: string
  /** What carries the server span: the request of `node:http`, or a message's context. */
  readonly request: (event: Event) => object | undefined
  readonly controller: (event: Event) => string | undefined
  readonly method: (event: Event) => string | undefined
}

/** The server span is there already: a framework with classes of handlers knows which of them has the request. */
export function handler<Event>(facts: HandlerFacts<Event>): Row<Event> {
  return {
    does: 'enrich',
    kind: KIND_SERVER,
    name: () => '',
    describe() {},
    target(event, runtime) {
      const span = recordingSpanOf(facts.request(event))
      if (span !== null) {
        tellHandler(runtime, span, {
          framework: facts.framework,
          controller: facts.controller(event),
          method: facts.method(event),
        })
      }
      return null // Nothing of the call itself is of interest.
    },
  }
}
