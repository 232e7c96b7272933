import { KIND_CONSUMER, KIND_PRODUCER } from '../../api/span-kind.ts'
import { write } from '../../semantics/dialect.ts'
import type { Connection } from '../connections.ts'
import type { Row } from '../row.ts'

/** What a table says of one message over a connection that stays open. */
export interface MessageFacts<Event> {
  /** How the library or protocol is called: `websocket`. */
  readonly system: string
  /** Names the span: of few values, and none that the other side may choose freely. */
  readonly name: (event: Event) => string
  /** What is done: `send`, `receive`, `close`. */
  readonly operation: (event: Event) => string
  /** Over which connection; what is received begins a trace that links to where that was opened. */
  readonly connection: (event: Event) => Connection | undefined
  readonly destination?: (event: Event) => string | undefined
  /** Bytes. */
  readonly size?: (event: Event) => number | undefined
  readonly skip?: (event: Event) => boolean
}

/** A message that came in. Its handlers run in the span. */
export function received<Event>(facts: MessageFacts<Event>): Row<Event> {
  return {
    ...described(facts),
    kind: KIND_CONSUMER,
    parent: (event) => facts.connection(event)?.origin ?? null,
  }
}

/** A message that is sent, as a part of what sends it: outside of every trace nothing is recorded. */
export function sent<Event>(facts: MessageFacts<Event>): Row<Event> {
  return { ...described(facts), kind: KIND_PRODUCER, onlyInTrace: true }
}

function described<Event>(
  facts: MessageFacts<Event>,
): Pick<Row<Event>, 'does' | 'name' | 'skip' | 'describe'> {
  return {
    does: 'span',
    name: facts.name,
    ...(facts.skip === undefined ? {} : { skip: facts.skip }),
    describe(event, to, { messaging }) {
      write(to, messaging.component, facts.system)
      write(to, messaging.system, facts.system)
      write(to, messaging.operation, facts.operation(event))
      write(to, messaging.destination, facts.destination?.(event) ?? facts.connection(event)?.path)
      write(to, messaging.bodySize, facts.size?.(event))
    },
  }
}
