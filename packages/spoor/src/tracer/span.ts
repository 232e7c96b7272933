import { errorFields, type Span, type TagMap } from '../api/span.ts'
import { FLAG_SAMPLED, NO_BAGGAGE, TraceContext } from '../api/span-context.ts'
import { KIND_CONSUMER, KIND_NAMES, KIND_SERVER } from '../api/span-kind.ts'
import { momentOf } from './clock.ts'
import {
  type FinishedSpan,
  type FlatAttributes,
  type SpanEvent,
  type SpanLink,
  STATUS_ERROR,
  STATUS_UNSET,
} from './finished-span.ts'
import type { SpoorTracer } from './tracer.ts'
import { cut, isError as isErrorObject, isRecord, keysOf, nameOf, read, sendable } from './values.ts'

/**
 * Spoor's span: one object with plain fields, no maps and no closures. Tags are kept as they were given and turned
 * into bytes once, at `finish()`. A span that is not sampled runs the same code and keeps nothing.
 */
export class RecordingSpan implements Span, FinishedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly parentIsRemote: boolean
  readonly traceState: string
  readonly startTime: number
  traceFlags: number
  baggage: ReadonlyMap<string, string>
  name: string
  kind: number
  endTime = 0
  attributes: FlatAttributes = []
  droppedAttributes = 0
  events: SpanEvent[] | null = null
  droppedEvents = 0
  links: SpanLink[] | null = null
  droppedLinks = 0
  statusCode: number = STATUS_UNSET
  statusMessage = ''
  /** Where its trace entered this process, as a request or a message: what is decided of that holds for all below it. */
  readonly root: RecordingSpan
  readonly #tracer: SpoorTracer
  /** Nothing below this root is sent: somebody has said that it is of no interest. */
  #muted = false
  /** Whether the application has named the span itself. */
  #named = false
  /** Finished spans below this root that wait for a word on whether they are of interest; null when none is awaited. */
  #held: RecordingSpan[] | null = null
  #context: TraceContext | null = null

  /** Made by the tracer only. */
  constructor(
    tracer: SpoorTracer,
    traceId: string,
    parent: TraceContext | RecordingSpan | null,
    traceFlags: number,
    name: string,
    kind: number,
    startTime: number,
  ) {
    this.#tracer = tracer
    this.traceId = traceId
    this.spanId = tracer.ids.spanId()
    this.traceFlags = traceFlags
    this.name = name
    this.kind = kind
    this.startTime = startTime
    if (parent === null) {
      this.root = this
      this.parentSpanId = ''
      this.parentIsRemote = false
      this.traceState = ''
      this.baggage = NO_BAGGAGE
    } else {
      this.root = parent instanceof RecordingSpan && !isEntry(kind) ? parent.root : this
      this.parentSpanId = parent.spanId
      // A caller may send baggage or a sampling decision without naming a span.
      this.parentIsRemote = parent.remote && parent.spanId !== ''
      this.traceState = parent.traceState
      this.baggage = parent.baggage
    }
  }

  /** A local span is never a remote parent; the field lets a span stand where a context is asked for. */
  get remote(): boolean {
    return false
  }

  /** Whether tags and logs are kept: sampled, and not finished yet. */
  get recording(): boolean {
    return (this.traceFlags & FLAG_SAMPLED) !== 0 && this.endTime === 0
  }

  get finished(): boolean {
    return this.endTime !== 0
  }

  /** Whether its trace is not sent from this process. */
  get muted(): boolean {
    return this.root.#muted
  }

  context(): TraceContext {
    return (this.#context ??= new TraceContext(
      this.traceId,
      this.spanId,
      this.traceFlags,
      this.traceState,
      this.baggage,
    ))
  }

  tracer(): SpoorTracer {
    return this.#tracer
  }

  setOperationName(name: string): this {
    if (this.endTime !== 0) return this
    this.name = nameOf(name)
    this.#named = true
    return this
  }

  /** A name for as long as the application has not given one: routes are known late, and must not win over it. */
  suggestName(name: string): void {
    if (this.endTime === 0 && !this.#named) this.name = nameOf(name)
  }

  /** Sends nothing of this span's trace from here on, and nothing of what is held back. */
  mute(): void {
    const { root } = this
    root.#muted = true
    root.#held = null
    root.traceFlags &= ~FLAG_SAMPLED
    root.#context = null
    this.traceFlags &= ~FLAG_SAMPLED
    this.#context = null
  }

  /** Keeps back what is finished below this span's root until {@link release} or {@link mute}. */
  hold(): void {
    this.root.#held ??= []
  }

  /** Sends what was held back, and what follows. */
  release(): void {
    const { root } = this
    const held = root.#held
    root.#held = null
    if (held !== null) for (const span of held) span.#tracer.record(span)
  }

  setBaggageItem(key: string, value: string): this {
    if (this.endTime !== 0) return this
    const baggage = new Map(this.baggage).set(baggageText(key), baggageText(value))
    if (!this.#tracer.admitsBaggage(baggage)) return this
    this.baggage = baggage
    this.#context = null
    return this
  }

  getBaggageItem(key: string): string | undefined {
    return this.baggage.get(key)
  }

  setTag(given: string, value: unknown): this {
    const key = nameOf(given)
    if (key === 'sampling.priority') this.#setPriority(value)
    if (!this.recording) return this
    switch (key) {
      case 'span.kind':
        this.kind = KIND_NAMES.indexOf(value as string) > 0 ? KIND_NAMES.indexOf(value as string) : this.kind
        return this
      case 'error':
        this.#setError(value)
        return this
      case 'error.object':
        return this.log(errorFields(value))
      default:
        this.#setAttribute(key, value)
        return this
    }
  }

  addTags(tags: TagMap): this {
    if (!isRecord(tags)) return this
    try {
      for (const key in tags) this.setTag(key, read(tags, key))
    } catch {
      // A proxy that does not tell its keys: what it has told so far is kept.
    }
    return this
  }

  /**
   * Appends one attribute without looking for an earlier value: for keys that nobody else can have set yet.
   * What the engine writes at the start and end of its own spans goes this way.
   */
  append(key: string, value: unknown): void {
    if (value === undefined || value === null) return
    const limits = this.#tracer.limits
    if (this.attributes.length >= limits.attributes * 2) this.droppedAttributes += 1
    else this.attributes.push(key, sendable(value, limits.attributeValueLength))
  }

  log(fields: TagMap, timestamp?: number): this {
    if (!this.recording) return this
    const limits = this.#tracer.limits
    if ((this.events?.length ?? 0) >= limits.events) {
      this.droppedEvents += 1
      return this
    }
    this.events ??= []
    const known = readable(fields)
    const time = momentOf(timestamp, this.#tracer.clock)
    this.events.push(eventOf(known, time, limits.attributesPerEvent, limits.attributeValueLength))
    if (this.statusMessage === '' && known['event'] === 'error') this.statusMessage = messageOf(known)
    return this
  }

  logEvent(event: string, payload: unknown): void {
    this.log({ event, payload })
  }

  finish(finishTime?: number): void {
    if (this.endTime !== 0) return
    const time = momentOf(finishTime, this.#tracer.clock)
    // A correction of the system clock, or a mistaken argument, must not make a duration negative.
    this.endTime = time < this.startTime ? this.startTime : time
    if ((this.traceFlags & FLAG_SAMPLED) === 0 || this.root.#muted) return
    const held = this.root.#held
    if (held === null) this.#tracer.record(this)
    else if (held.push(this) >= MOST_HELD) this.release()
  }

  #setAttribute(key: string, value: unknown): void {
    const limits = this.#tracer.limits
    const sent = sendable(value, limits.attributeValueLength)
    const attributes = this.attributes
    for (let i = 0; i < attributes.length; i += 2) {
      if (attributes[i] === key) {
        attributes[i + 1] = sent
        return
      }
    }
    if (sent === undefined) return
    if (attributes.length >= limits.attributes * 2) this.droppedAttributes += 1
    else attributes.push(key, sent)
  }

  #setError(value: unknown): void {
    // People write `setTag('error', err)`; they mean that it failed, and with what.
    if (isErrorObject(value)) this.log(errorFields(value))
    const failed = value !== false && value !== 'false' && value !== undefined && value !== null
    this.statusCode = failed ? STATUS_ERROR : STATUS_UNSET
  }

  #setPriority(value: unknown): void {
    if (this.endTime !== 0) return
    const priority = typeof value === 'number' ? value : Number(nameOf(value))
    if (Number.isNaN(priority)) return
    this.traceFlags = priority > 0 ? this.traceFlags | FLAG_SAMPLED : this.traceFlags & ~FLAG_SAMPLED
    this.#context = null
  }
}

function isEntry(kind: number): boolean {
  return kind === KIND_SERVER || kind === KIND_CONSUMER
}

/** A request that has done so much before its route is known is of interest. */
const MOST_HELD = 1000

/** Baggage is text, and text alone: as it is, for half of an item would be another item. */
function baggageText(value: unknown): string {
  return typeof value === 'string' ? value : nameOf(value)
}

/** What can be read of the fields. */
function readable(fields: TagMap): TagMap {
  const copy: TagMap = Object.create(null)
  // `span.log('cache miss')` is no call that OpenTracing knows, and what it means is plain.
  if (typeof fields === 'string') copy['event'] = fields
  for (const key of keysOf(fields)) copy[key] = read(fields, key)
  return copy
}

/** OpenTracing's log fields as an OTLP event; errors by the names of OpenTelemetry's exception event. */
function eventOf(fields: TagMap, time: number, maxAttributes: number, maxLength: number): SpanEvent {
  const isError =
    fields['event'] === 'error' && (fields['error.object'] !== undefined || fields['message'] !== undefined)
  const attributes: FlatAttributes = []
  let dropped = 0
  const add = (key: string, value: unknown): void => {
    const sent = sendable(value, maxLength)
    if (sent === undefined) return
    if (attributes.length < maxAttributes * 2) attributes.push(nameOf(key), sent)
    else dropped += 1
  }
  if (isError) addException(fields, add)
  for (const key in fields) {
    if (key === 'event' || (isError && EXCEPTION_FIELDS.has(key))) continue
    add(key, fields[key])
  }
  const name = isError ? 'exception' : fields['event']
  return {
    name: name === undefined || name === null ? 'log' : nameOf(name),
    time,
    attributes,
    droppedAttributes: dropped,
  }
}

const EXCEPTION_FIELDS: ReadonlySet<string> = new Set(['error.object', 'error.kind', 'message', 'stack'])

function addException(fields: TagMap, add: (key: string, value: unknown) => void): void {
  const described: TagMap = fields['error.object'] === undefined ? {} : errorFields(fields['error.object'])
  add('exception.type', fields['error.kind'] ?? described['error.kind'])
  add('exception.message', fields['message'] ?? described['message'])
  add('exception.stacktrace', fields['stack'] ?? described['stack'])
}

function messageOf(fields: TagMap): string {
  const message = fields['message'] ?? errorFields(fields['error.object'])['message']
  return typeof message === 'string' ? cut(message, 1024) : ''
}
