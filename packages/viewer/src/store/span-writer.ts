/** Writes spans, in transactions that somebody else begins and ends. */
import type { IncomingSpan } from '../collector/request.ts'
import type { Blocks } from './blocks.ts'
import type { Context, Contexts, Strings } from './dictionary.ts'
import type { Engine, Statement } from './engine.ts'
import type { Rollup } from './rollup.ts'

/**
 * 52 days in nanoseconds: half of what a number holds exactly, so that a start and a duration can be added. A span
 * further than that from the first one of its trace is put there.
 */
const FURTHEST = 2 ** 52 - 1

export class SpanWriter {
  readonly #insert: Statement
  readonly #find: Statement
  readonly #replace: Statement
  readonly #strings: Strings
  readonly #resources: Contexts
  readonly #scopes: Contexts
  readonly #blocks: Blocks
  readonly #rollup: Rollup
  /** Spans of one batch share them, as objects: see IncomingSpan. */
  #resourceBody: Buffer | undefined
  #resource: Context | undefined
  #scopeBody: Buffer | undefined
  #scope: Context | undefined

  constructor(
    engine: Engine,
    parts: { strings: Strings; resources: Contexts; scopes: Contexts; blocks: Blocks; rollup: Rollup },
  ) {
    this.#strings = parts.strings
    this.#resources = parts.resources
    this.#scopes = parts.scopes
    this.#blocks = parts.blocks
    this.#rollup = parts.rollup
    this.#insert = engine.prepare(
      `INSERT INTO span (trace, id, parent, name, resource, scope, kind, start, duration, status, events,
        block, position) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (trace, id) DO NOTHING`,
    )
    this.#find = engine.prepare('SELECT status, block FROM span WHERE trace = ? AND id = ?')
    this.#replace = engine.prepare(
      `UPDATE span SET parent = ?, name = ?, resource = ?, scope = ?, kind = ?, start = ?, duration = ?, status = ?,
        events = ?, block = ?, position = ? WHERE trace = ? AND id = ?`,
    )
  }

  /** Adds a span, or puts it in the place of the one with its ids: retries are legal. @returns whether it is new */
  add(span: IncomingSpan): boolean {
    const { body } = span
    setTimes(span)
    const trace = this.#rollup.trace(
      body.toString('latin1', span.traceId, span.traceId + 16),
      span.startMicros,
      span.startNanos,
    )
    const resource = this.#resourceOf(span)
    const scope = this.#scopeOf(span)
    const name = this.#strings.intern(body.toString('utf8', span.nameStart, span.nameEnd))
    const id = body.subarray(span.spanId, span.spanId + 8)
    const isRoot = span.parentSpanId < 0
    const parent = isRoot ? null : body.subarray(span.parentSpanId, span.parentSpanId + 8)
    const start = limited(nanosBetween(trace.baseMicros, trace.baseNanos, span.startMicros, span.startNanos))
    const duration = limited(
      Math.max(0, nanosBetween(span.startMicros, span.startNanos, span.endMicros, span.endNanos)),
    )
    const { kind, status, events } = span
    const { id: block, position } = this.#blocks
    const sighting = { start, duration, failed: status === 2, isRoot, name, service: resource.service }

    const isNew =
      this.#insert.run(
        trace.id,
        id,
        parent,
        name,
        resource.id,
        scope.id,
        kind,
        start,
        duration,
        status,
        events,
        block,
        position,
      ) > 0
    if (isNew) this.#rollup.add(trace, sighting)
    else {
      const former = this.#find.get(trace.id, id)!
      this.#blocks.release(Number(former['block']), 1)
      this.#replace.run(
        parent,
        name,
        resource.id,
        scope.id,
        kind,
        start,
        duration,
        status,
        events,
        block,
        position,
        trace.id,
        id,
      )
      this.#rollup.add(trace, sighting, { failed: former['status'] === 2 })
    }
    this.#blocks.append(body, span.rest)
    return isNew
  }

  /** Forgets what it holds of a rolled back transaction. */
  forget(): void {
    this.#resourceBody = this.#scopeBody = undefined
  }

  #resourceOf({ resource }: IncomingSpan): Context {
    if (this.#resourceBody !== resource) {
      this.#resource = this.#resources.intern(resource)
      this.#resourceBody = resource
    }
    return this.#resource!
  }

  #scopeOf({ scope }: IncomingSpan): Context {
    if (this.#scopeBody !== scope) {
      this.#scope = this.#scopes.intern(scope)
      this.#scopeBody = scope
    }
    return this.#scope!
  }
}

/** A span without a start begins where it ends, one without either begins now; one without an end takes no time. */
function setTimes(span: IncomingSpan): void {
  if (span.startMicros === 0 && span.startNanos === 0) {
    span.startMicros = span.endMicros || Date.now() * 1000
    span.startNanos = span.endMicros ? span.endNanos : 0
  }
  if (span.endMicros === 0 && span.endNanos === 0) {
    span.endMicros = span.startMicros
    span.endNanos = span.startNanos
  }
}

function nanosBetween(fromMicros: number, fromNanos: number, toMicros: number, toNanos: number): number {
  return (toMicros - fromMicros) * 1000 + (toNanos - fromNanos)
}

function limited(nanos: number): number {
  return Math.max(-FURTHEST, Math.min(FURTHEST, nanos))
}
