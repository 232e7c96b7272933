import { InvalidCarrier, UnsupportedFormat } from '../api/errors.ts'
import { type BinaryCarrier, FORMAT_BINARY, FORMAT_HTTP_HEADERS, FORMAT_TEXT_MAP } from '../api/format.ts'
import { isSilentSpan, silentSpan } from '../api/noop.ts'
import type { CarrierAccess, Propagator } from '../api/propagator.ts'
import { contextOf } from '../api/reference.ts'
import type { Scope, ScopeManager } from '../api/scope.ts'
import type { Span, TagMap } from '../api/span.ts'
import {
  FLAG_DEBUG,
  FLAG_DEFERRED,
  FLAG_RANDOM,
  FLAG_SAMPLED,
  isTraceContext,
  type SpanContext,
  TraceContext,
} from '../api/span-context.ts'
import { KIND_INTERNAL, KIND_NAMES } from '../api/span-kind.ts'
import { SAMPLING_PRIORITY, SPAN_KIND } from '../api/tags.ts'
import type { StartActiveSpanOptions, StartSpanOptions, Tracer } from '../api/tracer.ts'
import { report } from '../log.ts'
import { type Clock, isMoment, SystemClock } from './clock.ts'
import type { FlatAttributes, SpanLink, SpanSink } from './finished-span.ts'
import { IdSource } from './ids.ts'
import { defaultLimits, type SpanLimits } from './limits.ts'
import { asParent, lineage, type Parent } from './lineage.ts'
import { observation } from './observation.ts'
import { alwaysOn, parentBased, type Sampler } from './sampler.ts'
import { RecordingSpan } from './span.ts'
import { startActive } from './start-active.ts'
import { keysOf, nameOf, read } from './values.ts'

/** Turns contexts into bytes and back, for {@link FORMAT_BINARY}. */
export interface BinaryCodec {
  encode(context: TraceContext): Uint8Array
  /** @returns null for no bytes; @throws {SpanContextCorrupted} for bytes that cannot be read */
  decode(bytes: Uint8Array): TraceContext | null
}

export interface SpoorTracerOptions {
  readonly scopeManager: ScopeManager
  readonly sink: SpanSink
  readonly propagator: Propagator
  readonly carrier: CarrierAccess
  readonly binary: BinaryCodec
  /** Follows the parent, and keeps every trace that starts here, by default. */
  readonly sampler?: Sampler
  readonly limits?: Partial<SpanLimits>
  readonly ids?: IdSource
  readonly clock?: Clock
}

/**
 * Spoor's tracer. All that it needs from its surroundings (storage of the active span, randomness, clock, where
 * spans go) is handed in, so that the same class runs in Node.js, in a browser and in a worker.
 */
export class SpoorTracer implements Tracer {
  readonly scopeManager: ScopeManager
  readonly limits: SpanLimits
  readonly ids: IdSource
  readonly clock: Clock
  readonly propagator: Propagator
  readonly sampler: Sampler
  /** That its spans are told to `observation`. */
  readonly observed = true
  readonly #sink: SpanSink
  readonly #carrier: CarrierAccess
  readonly #binary: BinaryCodec

  constructor(options: SpoorTracerOptions) {
    this.scopeManager = options.scopeManager
    this.#sink = options.sink
    this.propagator = options.propagator
    this.#carrier = options.carrier
    this.#binary = options.binary
    this.sampler = options.sampler ?? parentBased(alwaysOn)
    this.limits = { ...defaultLimits, ...options.limits }
    this.ids = options.ids ?? new IdSource()
    this.clock = options.clock ?? new SystemClock()
  }

  get activeSpan(): Span | null {
    return this.scopeManager.activeSpan
  }

  startSpan(name: string, options: StartSpanOptions = {}): Span {
    const { parent, links } = lineage(options.childOf, options.references)
    const active = parent === null && options.ignoreActiveSpan !== true ? this.scopeManager.activeSpan : null
    // A tracing object that leads to this tracer in OpenTracing's way has ignored the request: nothing below it is kept.
    if (parent === null && (isSilentSpan(options.childOf) || isSilentSpan(active))) return silentSpan
    const tags = options.tags
    const known = this.sampler.readsTags === true && tags !== undefined ? flat(tags) : null
    const span = this.open(name, kindOf(tags), parent ?? asParent(active), known, options.startTime)
    // Before everything else, for it decides whether everything else is kept.
    const priority = tags === undefined ? undefined : read(tags, SAMPLING_PRIORITY)
    if (priority !== undefined) span.setTag(SAMPLING_PRIORITY, priority)
    if (links !== null) this.#link(span, links)
    if (tags !== undefined && span.recording) span.addTags(tags)
    return span
  }

  /**
   * The short way in, for the engine: everything decided, nothing optional. Parents are resolved by the caller.
   *
   * @param kind OTLP span kind, 1 to 5
   * @param known the tags that a sampler may decide by, keys and values in turn; the span gets its own from the caller
   */
  open(
    name: string,
    kind: number,
    parent: Parent | null,
    known: FlatAttributes | null,
    startTime?: number,
  ): RecordingSpan {
    if (parent !== null && parent instanceof TraceContext && parent.relation === 'link') {
      const span = this.open(name, kind, null, known, startTime)
      this.#link(span, [{ context: parent, attributes: [] }])
      span.baggage = parent.baggage
      return span
    }
    const continued = parent !== null && parent.traceId !== ''
    const traceId = continued ? parent.traceId : this.ids.traceId()
    const present = isMoment(startTime)
      ? startTime
      : parent === null || parent.remote
        ? this.clock.begin()
        : this.clock.now()
    const muted = parent instanceof RecordingSpan && parent.muted
    const sampled = !muted && this.#decide(parent, traceId, name, kind, known)
    const flags = parent?.traceFlags ?? 0
    const inherited = (flags & FLAG_DEBUG) | (continued ? flags & FLAG_RANDOM : FLAG_RANDOM)
    const span = new RecordingSpan(
      this,
      traceId,
      parent,
      sampled ? inherited | FLAG_SAMPLED : inherited,
      nameOf(name),
      kind,
      present,
    )
    if (observation.observer !== null) observation.observer.started(span)
    return span
  }

  startActiveSpan<Result>(name: string, fn: (span: Span) => Result): Result
  startActiveSpan<Result>(name: string, options: StartActiveSpanOptions, fn: (span: Span) => Result): Result
  startActiveSpan(name: string, options?: StartActiveSpanOptions): Scope
  startActiveSpan<Result>(
    name: string,
    optionsOrFn?: StartActiveSpanOptions | ((span: Span) => Result),
    fn?: (span: Span) => Result,
  ): Result | Scope {
    return startActive(this, name, optionsOrFn, fn)
  }

  inject(source: SpanContext | Span, format: string, carrier: unknown): void {
    const context = contextOf(source)
    if (context === null || !isTraceContext(context)) return
    switch (format) {
      case FORMAT_HTTP_HEADERS:
      case FORMAT_TEXT_MAP:
        requireTextCarrier(carrier)
        this.propagator.inject(context, carrier, this.#carrier)
        return
      case FORMAT_BINARY:
        requireBinaryCarrier(carrier).buffer = this.#binary.encode(context)
        return
      default:
        throw new UnsupportedFormat(format)
    }
  }

  extract(format: string, carrier: unknown): SpanContext | null {
    switch (format) {
      case FORMAT_HTTP_HEADERS:
      case FORMAT_TEXT_MAP: {
        requireTextCarrier(carrier)
        return this.extractText(carrier)
      }
      case FORMAT_BINARY: {
        const { buffer } = requireBinaryCarrier(carrier)
        if (buffer === null || buffer === undefined) return null
        return this.#binary.decode(bytesOf(buffer))
      }
      default:
        throw new UnsupportedFormat(format)
    }
  }

  /** Reads a context from a text carrier that is known to be one; null if there is none. Never throws. */
  extractText(carrier: unknown): TraceContext | null {
    const context = new TraceContext('', '', 0, '', undefined, true)
    return this.propagator.extract(context, carrier, this.#carrier) ? context : null
  }

  /** Where spans hand themselves in when they are finished. */
  record(span: RecordingSpan): void {
    this.#sink.record(span)
    if (observation.observer !== null) observation.observer.finished(span)
  }

  /** Whether baggage stays within the limits; if not, that is reported once and the item is dropped. */
  admitsBaggage(baggage: ReadonlyMap<string, string>): boolean {
    let length = 0
    for (const [key, value] of baggage) length += key.length + value.length
    if (baggage.size <= this.limits.baggageItems && length <= this.limits.baggageLength) return true
    report(
      'baggage',
      `a baggage item was dropped: a context holds at most ${this.limits.baggageItems} items and ` +
        `${this.limits.baggageLength} characters, because all of it travels with every request`,
    )
    return false
  }

  flush(): Promise<void> {
    return this.#sink.flush()
  }

  close(): Promise<void> {
    return this.#sink.close()
  }

  #decide(
    parent: Parent | null,
    traceId: string,
    name: string,
    kind: number,
    attributes: FlatAttributes | null,
  ): boolean {
    const flags = parent?.traceFlags ?? 0
    if ((flags & FLAG_DEBUG) !== 0) return true
    const decided = parent !== null && (flags & FLAG_DEFERRED) === 0
    // A caller may decide without naming a trace: `b3: 0` is all that it sends then.
    if (decided && parent.remote && parent.traceId === '') return (flags & FLAG_SAMPLED) !== 0
    const asked = decided && parent.traceId !== '' ? parent : null
    try {
      return this.sampler.sample(asked as TraceContext | null, traceId, name, kind, attributes)
    } catch (error) {
      report(
        'sampler',
        `the sampler ${safeName(this.sampler)} threw; traces it cannot decide on are kept`,
        error,
      )
      return true
    }
  }

  #link(span: RecordingSpan, links: readonly SpanLink[]): void {
    if (!span.recording) return
    span.links ??= []
    for (const link of links) {
      if (span.links.length < this.limits.links) span.links.push(link)
      else span.droppedLinks += 1
    }
  }
}

function requireTextCarrier(carrier: unknown): asserts carrier is object {
  if (carrier === null || typeof carrier !== 'object') {
    throw new InvalidCarrier(
      'A text carrier is an object, a Map or a Headers. Pass `{}` and read it afterwards.',
    )
  }
}

function requireBinaryCarrier(carrier: unknown): BinaryCarrier {
  if (carrier === null || typeof carrier !== 'object' || carrier instanceof Uint8Array) {
    throw new InvalidCarrier(
      'A binary carrier is an object with a `buffer`. Pass `new BinaryCarrier(bytes)`.',
    )
  }
  return carrier as BinaryCarrier
}

/** `opentracing` allows any array of numbers as the buffer. */
function bytesOf(buffer: unknown): Uint8Array {
  if (buffer instanceof Uint8Array) return buffer
  if (Array.isArray(buffer)) return Uint8Array.from(buffer)
  throw new InvalidCarrier('The buffer of a binary carrier is a Uint8Array.')
}

/** The kind that is given at start: OpenTracing asks for it there because samplers may decide by it. */
function kindOf(tags: TagMap | undefined): number {
  return tags === undefined
    ? KIND_INTERNAL
    : Math.max(KIND_INTERNAL, KIND_NAMES.indexOf(read(tags, SPAN_KIND) as string))
}

function flat(tags: TagMap): FlatAttributes {
  return keysOf(tags).flatMap((key) => [key, read(tags, key)])
}

function safeName(sampler: Sampler): string {
  try {
    return String(sampler)
  } catch {
    return 'given'
  }
}
