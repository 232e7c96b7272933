/**
 * One row per trace with all that a list shows, kept up to date span by span. Spans come in any order: children
 * before parents, the root last, some of them twice.
 */
import type { Engine, Row, Statement } from './engine.ts'

/** A trace's row, while the trace is being written to. Times are nanoseconds from the base. */
export interface Trace {
  id: number
  /** The sixteen bytes, one character each. */
  key: string
  arrived: number
  baseMicros: number
  baseNanos: number
  start: number
  end: number
  spans: number
  errors: number
  name: number
  service: number
  rooted: boolean
  leadStart: number
  services: number[]
  changed: boolean
}

/** What a rollup wants to know of a span. */
export interface Sighting {
  start: number
  duration: number
  failed: boolean
  isRoot: boolean
  name: number
  service: number
}

/** Traces remembered between transactions; others are read again when they go on. */
const REMEMBERED = 20_000

export class Rollup {
  readonly #save: Statement
  readonly #find: Statement
  readonly #last: Statement
  readonly #traces = new Map<string, Trace>()
  #changed: Trace[] = []
  #nextId = 1
  /** Traces begun since the last flush. */
  #begun = 0

  constructor(engine: Engine) {
    this.#save = engine.prepare(
      `INSERT INTO trace (id, trace_id, arrived, base_micros, base_nanos, start_micros, start, end, spans, errors,
        name, service, rooted, lead_start, services) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET start_micros = excluded.start_micros, start = excluded.start,
        end = excluded.end, spans = excluded.spans, errors = excluded.errors, name = excluded.name,
        service = excluded.service, rooted = excluded.rooted, lead_start = excluded.lead_start,
        services = excluded.services`,
    )
    this.#find = engine.prepare('SELECT * FROM trace WHERE trace_id = ?')
    this.#last = engine.prepare('SELECT max(id) AS id FROM trace')
    this.reload()
  }

  /**
   * @param key the sixteen bytes of the trace id, one character each
   * @returns the trace, which begins here if it is not known
   */
  trace(key: string, startMicros: number, startNanos: number): Trace {
    const known = this.#traces.get(key) ?? this.#read(key)
    if (known) return known
    const trace: Trace = {
      id: this.#nextId++,
      key,
      arrived: Date.now(),
      baseMicros: startMicros,
      baseNanos: startNanos,
      start: Number.MAX_SAFE_INTEGER,
      end: Number.MIN_SAFE_INTEGER,
      spans: 0,
      errors: 0,
      name: 0,
      service: 0,
      rooted: false,
      leadStart: Number.MAX_SAFE_INTEGER,
      services: [],
      changed: false,
    }
    this.#traces.set(key, trace)
    this.#begun++
    return trace
  }

  /** @param before whether the span was already there, failed then, and is only counted anew */
  add(trace: Trace, span: Sighting, before?: { failed: boolean }): void {
    if (!before) trace.spans++
    trace.errors += Number(span.failed) - Number(before?.failed ?? false)
    if (span.start < trace.start) trace.start = span.start
    if (span.start + span.duration > trace.end) trace.end = span.start + span.duration
    if (!trace.services.includes(span.service)) trace.services.push(span.service)
    if (leads(span, trace)) {
      trace.name = span.name
      trace.service = span.service
      trace.rooted = span.isRoot
      trace.leadStart = span.start
    }
    if (trace.changed) return
    trace.changed = true
    this.#changed.push(trace)
  }

  /** Writes what changed. Belongs right before the commit. */
  flush(): { changed: Trace[]; begun: number } {
    const changed = this.#changed
    const begun = this.#begun
    this.#changed = []
    this.#begun = 0
    for (const trace of changed) {
      trace.changed = false
      this.#save.run(
        trace.id,
        Buffer.from(trace.key, 'latin1'),
        trace.arrived,
        trace.baseMicros,
        trace.baseNanos,
        trace.baseMicros + Math.floor((trace.baseNanos + trace.start) / 1000),
        trace.start,
        trace.end,
        trace.spans,
        trace.errors,
        trace.name,
        trace.service,
        Number(trace.rooted),
        trace.leadStart,
        `,${trace.services.join(',')},`,
      )
    }
    this.#forgetOldest()
    return { changed, begun }
  }

  /** Forgets traces that were deleted. */
  drop(key: string): void {
    this.#traces.delete(key)
  }

  /** Forgets everything: after a rollback. */
  reload(): void {
    this.#traces.clear()
    this.#changed = []
    this.#begun = 0
    this.#nextId = Number(this.#last.get()?.['id'] ?? 0) + 1
  }

  #read(key: string): Trace | undefined {
    const row = this.#find.get(Buffer.from(key, 'latin1'))
    if (!row) return undefined
    const trace = traceOf(key, row)
    this.#traces.set(key, trace)
    return trace
  }

  #forgetOldest(): void {
    let excess = this.#traces.size - REMEMBERED
    if (excess <= 0) return
    for (const key of this.#traces.keys()) {
      this.#traces.delete(key)
      if (--excess <= 0) break
    }
  }
}

/** Ids of services as a rollup's row lists them. */
export function serviceIds(row: Row): number[] {
  return String(row['services']).split(',').filter(Boolean).map(Number)
}

function traceOf(key: string, row: Row): Trace {
  return {
    id: Number(row['id']),
    key,
    arrived: Number(row['arrived']),
    baseMicros: Number(row['base_micros']),
    baseNanos: Number(row['base_nanos']),
    start: Number(row['start']),
    end: Number(row['end']),
    spans: Number(row['spans']),
    errors: Number(row['errors']),
    name: Number(row['name']),
    service: Number(row['service']),
    rooted: row['rooted'] === 1,
    leadStart: Number(row['lead_start']),
    services: serviceIds(row),
    changed: false,
  }
}

/** A root names the trace; until one comes, the earliest span does. The same span, sent again, may rename it. */
function leads(span: Sighting, trace: Trace): boolean {
  return span.isRoot === trace.rooted ? span.start <= trace.leadStart : span.isRoot
}
