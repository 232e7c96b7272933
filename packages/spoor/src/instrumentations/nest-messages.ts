import type { Binding } from '../instrument/bind.ts'
import { type Message, nameOf, serveMessage } from '../instrument/messages.ts'

/** Requests and messages as Nest hands them over. */

/** What carries the span: the message of Node.js below the framework's own, or the context of a message. */
export function requestOf(args: readonly unknown[], type: string): object | undefined {
  const [first, second] = args
  if (type === 'http') return isObject(first) ? ((first as { raw?: object }).raw ?? first) : undefined
  return type === 'rpc' && isObject(second) ? second : undefined
}

type AddHandler = (this: unknown, pattern: unknown, handler: Handler, ...rest: unknown[]) => unknown
export interface Handler {
  (this: unknown, ...args: unknown[]): unknown
  /** The next handler of the same event: the server sets it on what it was given, the first handler reads its own. */
  next?: Handler | undefined
}

/** `server.addHandler(pattern, handler, …)`, with handlers that are traced. */
export function tracedHandler(add: AddHandler, binding: () => Binding<Message>): AddHandler {
  return function (pattern, handler, ...rest) {
    return add.call(this, pattern, traced(pattern, handler, binding), ...rest)
  }
}

/** One handler of a server, traced. */
export function traced(pattern: unknown, handler: Handler, binding: () => Binding<Message>): Handler {
  const name = nameOf(pattern)
  const wrapped = function (this: unknown, ...args: unknown[]): unknown {
    return serveMessage(binding(), messageOf(name, messageArguments(args)[1]), () =>
      handler.apply(this, args),
    )
  }
  return Object.defineProperties(wrapped, {
    ...Object.getOwnPropertyDescriptors(handler),
    next: {
      configurable: true,
      enumerable: true,
      get: () => handler.next,
      set: (next: Handler) => {
        handler.next = next
      },
    },
  })
}

/** A handler of events may get the host of its request first, which has the payload and the context too. */
function messageArguments(args: readonly unknown[]): readonly unknown[] {
  const [first] = args
  const isHost = isObject(first) && first.constructor?.name === 'RequestContextHost'
  return isHost ? args.slice(1) : args
}

export function messageOf(pattern: string, context: unknown): Message {
  const known = isObject(context) ? context : undefined
  return { framework: 'nest', pattern, context: known, carrier: () => known && carrierOf(known) }
}

interface Context {
  /** TCP and Redis, since 12. */
  getMetadata?(): unknown
  /** NATS. */
  getHeaders?(): unknown
  /** Kafka; RabbitMQ, where they are properties. */
  getMessage?(): { headers?: unknown; properties?: { headers?: unknown } } | undefined
  /** MQTT 5. */
  getPacket?(): { properties?: { userProperties?: unknown } } | undefined
  /** gRPC: the context is the metadata itself. */
  getMap?(): unknown
}

/**
 * Where a transport has room for a context. A payload is the application's: nothing is put there, or looked for. A
 * transport of somebody's own may mean other things by these names, and this may throw.
 */
function carrierOf(context: Context): object | undefined {
  const message = context.getMessage?.()
  const found =
    context.getMetadata?.() ??
    context.getHeaders?.() ??
    message?.headers ??
    message?.properties?.headers ??
    context.getPacket?.()?.properties?.userProperties ??
    context.getMap?.()
  return isObject(found) ? texts(found) : undefined
}

/** Kafka has bytes for values (kafkajs 2, `IHeaders`), which not every tracer reads. */
function texts(headers: object): object {
  const entries: [string, unknown][] = Object.entries(headers)
  if (!entries.some(([, value]) => value instanceof Uint8Array)) return headers
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value instanceof Uint8Array ? decoder.decode(value) : value]),
  )
}

const decoder = new TextDecoder()

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
