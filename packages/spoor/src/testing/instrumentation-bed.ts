import type { MemorySink } from '../export/memory.ts'
import type { SpanData } from '../export/span-data.ts'
import { resetLog, setLogWriter } from '../log.ts'
import { check } from './check.ts'

/** The doors of the package that the kit goes through: those of `spoor`. */
export interface Tracing {
  init(options: any): TracerInUse
  shutdown(): Promise<void>
}

export interface TracerInUse {
  readonly activeSpan: unknown
  startActiveSpan<Result>(name: string, fn: (span: any) => Result): Result
}

/** A table, as far as the kit takes it apart. */
export interface KitTable {
  readonly name: string
  readonly channels?: { readonly [name: string]: any }
  readonly exchanges?: readonly any[]
  readonly patches?: readonly any[]
}

/** How many calls are under way at once. */
export const MANY = 100

/** Runs a body and collects what the library says meanwhile; every cause may be reported anew. */
export async function listen(body: () => Promise<void>): Promise<string[]> {
  const lines: string[] = []
  resetLog()
  const restore = setLogWriter((line) => lines.push(line))
  try {
    await body()
  } finally {
    restore()
    resetLog()
  }
  return lines
}

/** Instead of the table, one whose every row throws as soon as it is asked for facts. */
export function brokenSettings(table: KitTable): object {
  const broken = (row: any): any => ({
    ...row,
    describe() {
      throw new Error('a broken row')
    },
  })
  const each = (rows: { readonly [name: string]: any }) =>
    Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, broken(row)]))
  return {
    disable: [table.name],
    instrumentations: [
      {
        ...table,
        name: `broken ${table.name}`,
        ...(table.channels && { channels: each(table.channels) }),
        ...(table.exchanges && {
          exchanges: table.exchanges.map((exchange) => ({ ...exchange, row: broken(exchange.row) })),
        }),
        ...(table.patches && {
          patches: table.patches.map((patch) => ({ ...patch, methods: each(patch.methods) })),
        }),
      },
    ],
  }
}

/** What is recorded, a moment after the last answer. */
export async function settled(sink: MemorySink): Promise<SpanData[]> {
  await new Promise((resolve) => setTimeout(resolve, 5))
  return [...sink.spans]
}

export async function failure(promise: Promise<unknown>): Promise<unknown> {
  let error: unknown
  const failed = await promise.then(
    () => false,
    (thrown: unknown) => {
      error = thrown
      return true
    },
  )
  check(failed, 'the operation fails')
  return error
}

export function only(spans: SpanData[]): SpanData {
  const [span] = spans
  check(
    span !== undefined && spans.length === 1,
    `there is one span: [${spans.map(({ name }) => name).join(', ')}]`,
  )
  return span
}

export function named(spans: SpanData[], name: string): SpanData {
  const span = spans.find((candidate) => candidate.name === name)
  check(span !== undefined, `there is a span "${name}"`)
  return span
}

export function textOf(spans: SpanData[]): string {
  return JSON.stringify(spans, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}
