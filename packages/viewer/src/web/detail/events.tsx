/** The span's events (OpenTracing's logs) in order, each with its distance from the span's start. */
import type { VNode } from 'preact'
import type { Attributes, SpanDetail } from '../../api.ts'
import { offset } from '../format.ts'
import { CopyButton } from '../shell/copy.tsx'
import { AttributeTable } from './attributes.tsx'
import { StackTrace } from './stack-trace.tsx'

/** OpenTelemetry's name for it, then OpenTracing's. */
const STACKS = ['exception.stacktrace', 'stack']

export function EventList({ events }: { events: SpanDetail['events'] }): VNode {
  return (
    <ol class="events">
      {events.map((event, index) => (
        <EventItem key={index} event={event} />
      ))}
    </ol>
  )
}

function EventItem({ event }: { event: SpanDetail['events'][number] }): VNode {
  const stackKey = STACKS.find((key) => typeof event.attributes[key] === 'string')
  const stack = stackKey ? String(event.attributes[stackKey]) : ''
  const rest = without(event.attributes, stackKey)
  const failed = event.name === 'exception' || event.name === 'error'
  return (
    <li class={failed ? 'failed' : ''}>
      <p class="event-title">
        <time>{offset(event.offset)}</time>
        <strong>{event.name || '(no name)'}</strong>
        {event.droppedAttributes > 0 && (
          <span class="badge">{event.droppedAttributes} attributes dropped</span>
        )}
        {stack && <CopyButton text={stack} label="the stack trace" />}
      </p>
      {Object.keys(rest).length > 0 && <AttributeTable attributes={rest} />}
      {stack && <StackTrace text={stack} />}
    </li>
  )
}

function without(attributes: Attributes, key: string | undefined): Attributes {
  if (key === undefined) return attributes
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => name !== key))
}
