/** The list of traces, newest first: reads the rollup alone. */
import type { TraceList, TraceSummary } from '../api.ts'
import { ViewerError } from '../errors.ts'
import type { Strings } from './dictionary.ts'
import type { Engine, Row, Statement, Value } from './engine.ts'
import { serviceIds } from './rollup.ts'
import { decimalNanos, hexOf } from './units.ts'

export interface ListQuery {
  /** At most {@link MAX_LIMIT}; 50 by default. */
  limit?: number
  /** `cursor` of the page before. */
  cursor?: string
  /** Traces in which this service took part. */
  service?: string
  /** Traces with at least one failed span. */
  error?: boolean
  /** Part of the trace's name or of one of its services' names, in any case; or how its id begins. */
  search?: string
}

export const MAX_LIMIT = 1000
const DEFAULT_LIMIT = 50

export class TraceLister {
  readonly #engine: Engine
  readonly #strings: Strings
  readonly #statements = new Map<string, Statement>()
  readonly #services: Statement
  readonly #names: Statement

  constructor(engine: Engine, strings: Strings) {
    this.#engine = engine
    this.#strings = strings
    this.#names = engine.prepare("SELECT id FROM string WHERE text LIKE ? ESCAPE '\\'")
    this.#services = engine.prepare(
      'SELECT DISTINCT s.id, s.text FROM resource r JOIN string s ON s.id = r.service ORDER BY s.text',
    )
  }

  list(query: ListQuery): TraceList {
    const limit = Math.max(1, Math.min(MAX_LIMIT, Math.trunc(query.limit ?? DEFAULT_LIMIT)))
    const conditions: string[] = []
    const values: Value[] = []
    if (query.cursor) {
      conditions.push('(t.start_micros, t.id) < (?, ?)')
      values.push(...parseCursor(query.cursor))
    }
    if (query.error) conditions.push('t.errors > 0')
    if (query.service) {
      const service = this.#strings.find(query.service)
      if (service === undefined) return { traces: [], cursor: null }
      conditions.push('instr(t.services, ?) > 0')
      values.push(`,${service},`)
    }
    if (query.search) {
      const matching = this.#matching(query.search)
      if (!matching) return { traces: [], cursor: null }
      conditions.push(matching.condition)
      values.push(...matching.values)
    }
    const rows = this.#statement(conditions).all(...values, limit + 1)
    const page = rows.slice(0, limit)
    const last = page.at(-1)
    return {
      traces: page.map((row) => this.#summary(row)),
      cursor: rows.length > limit && last ? `${last['start_micros']}-${last['id']}` : null,
    }
  }

  /** Names of all services. */
  services(): string[] {
    return this.#services.all().map(({ text }) => String(text))
  }

  /** Names are looked for among the strings, of which there are few, and only then in the traces. */
  #matching(search: string): { condition: string; values: Value[] } | undefined {
    const conditions: string[] = []
    const values: Value[] = []
    const names = this.#names.all(`%${search.replace(/[\\%_]/g, '\\$&')}%`).map(({ id }) => Number(id))
    if (names.length > 0) {
      conditions.push('t.name IN (SELECT value FROM json_each(?))')
      values.push(JSON.stringify(names))
    }
    const wanted = search.toLowerCase()
    for (const { id, text } of this.#services.all()) {
      if (!String(text).toLowerCase().includes(wanted)) continue
      conditions.push('instr(t.services, ?) > 0')
      values.push(`,${id},`)
      // A bound on the length of the statement; nobody has so many services with one name in common.
      if (conditions.length > 50) break
    }
    if (/^[0-9a-f]{1,32}$/i.test(search)) {
      conditions.push('t.trace_id BETWEEN ? AND ?')
      values.push(Buffer.from(search.padEnd(32, '0'), 'hex'), Buffer.from(search.padEnd(32, 'f'), 'hex'))
    }
    return conditions.length > 0 ? { condition: `(${conditions.join(' OR ')})`, values } : undefined
  }

  #statement(conditions: string[]): Statement {
    const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''
    const known = this.#statements.get(where)
    if (known) return known
    const statement = this.#engine.prepare(
      `SELECT * FROM trace t ${where} ORDER BY t.start_micros DESC, t.id DESC LIMIT ?`,
    )
    this.#statements.set(where, statement)
    return statement
  }

  #summary(row: Row): TraceSummary {
    const start = Number(row['start'])
    return {
      traceId: hexOf(row['trace_id']),
      name: this.#strings.text(Number(row['name'])),
      service: this.#strings.text(Number(row['service'])),
      start: decimalNanos(Number(row['base_micros']), Number(row['base_nanos']) + start),
      duration: Number(row['end']) - start,
      spans: Number(row['spans']),
      errors: Number(row['errors']),
      services: serviceIds(row).map((id) => this.#strings.text(id)),
      rooted: row['rooted'] === 1,
    }
  }
}

function parseCursor(cursor: string): [startMicros: number, id: number] {
  const [, start, id] = /^(-?\d{1,16})-(\d{1,16})$/.exec(cursor) ?? []
  if (
    start === undefined ||
    id === undefined ||
    !Number.isSafeInteger(Number(start)) ||
    !Number.isSafeInteger(Number(id))
  ) {
    throw new ViewerError('SPOOR_BAD_OPTION', 'the cursor is not one that the list has given out')
  }
  return [Number(start), Number(id)]
}
