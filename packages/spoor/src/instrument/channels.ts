import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { report } from '../log.ts'
import type { Binding } from './bind.ts'
import type { Exchange } from './define.ts'
import type { Undo } from './patch.ts'
import type { EngineSpan } from './row.ts'

/**
 * Events that libraries publish themselves. A subscriber that throws would crash the process on the next tick, so
 * nothing here can throw: bindings guard the rows, and what is left only moves references.
 */

/** Where the span of an event waits for its end: on the event, which the library makes anew for every operation. */
const SPAN = Symbol.for('spoor.channel-span')

interface TracedEvent {
  [SPAN]?: EngineSpan | undefined
  error?: unknown
  result?: unknown
}

/**
 * Listens to a tracing channel. An operation without `asyncEnd` ends at `end`: whether it is asynchronous is known
 * by what `end` finds, a result or an error, or neither.
 */
export function listenToTracingChannel(name: string, binding: Binding<any>): Undo {
  const finish = (event: TracedEvent): void => {
    const span = event[SPAN]
    if (span === undefined) return
    event[SPAN] = undefined
    binding.end(span, event, event.error !== undefined, event.error)
  }
  return listen({
    [`tracing:${name}:start`]: (event: TracedEvent) => {
      // A frozen event could not keep its span until the end.
      if (!binding.enabled || !Object.isExtensible(event)) return
      const span = binding.start(event)
      if (span !== null) event[SPAN] = span
    },
    [`tracing:${name}:end`]: (event: TracedEvent) => {
      if (event.error !== undefined || 'result' in event) finish(event)
    },
    [`tracing:${name}:asyncEnd`]: finish,
  })
}

/** Listens to the plain channels that together tell of one operation. */
export function listenToExchange(exchange: Exchange, binding: Binding<any>): Undo {
  const { key } = exchange
  const open = new WeakMap<object, { span: EngineSpan; event: { [key: string]: unknown } }>()
  const close = (message: object): void => {
    const operation = open.get(key(message))
    if (operation === undefined) return
    open.delete(key(message))
    const event = Object.assign(operation.event, message)
    binding.end(operation.span, event, event['error'] !== undefined, event['error'])
  }
  const listeners: { [channel: string]: Listener } = {
    [exchange.start]: (message) => {
      if (!binding.enabled) return
      const event = { ...message }
      const span = binding.start(event)
      if (span === null) return
      open.set(key(message), { span, event })
      if (exchange.carrier !== undefined) inject(binding, span, exchange.carrier(message))
    },
    [exchange.error]: close,
  }
  for (const channel of exchange.progress ?? []) {
    listeners[channel] = (message) => {
      const operation = open.get(key(message))
      if (operation !== undefined) Object.assign(operation.event, message)
    }
  }
  for (const channel of exchange.end) listeners[channel] = close
  return listen(listeners)
}

function inject(
  binding: Binding<any>,
  span: EngineSpan,
  carrier: { set(name: string, value: string): unknown },
): void {
  const headers: { [name: string]: string } = {}
  binding.runtime.inject(span, headers)
  try {
    for (const name in headers) carrier.set(name, headers[name] as string)
  } catch (error) {
    report(`inject.${binding.label}`, 'a request refused the headers that continue its trace', error)
  }
}

/** Listens to one plain channel. The listener must not throw. */
export function listenToPoint(channel: string, listener: Listener): Undo {
  return listen({ [channel]: listener })
}

type Listener = (message: any) => void

function listen(listeners: { [channel: string]: Listener }): Undo {
  const subscribed = Object.entries(listeners)
  for (const [channel, listener] of subscribed) subscribe(channel, listener)
  return () => {
    for (const [channel, listener] of subscribed) unsubscribe(channel, listener)
  }
}
