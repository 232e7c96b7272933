import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Instrumentation, Patch } from './instrument/define.ts'
import type { EngineReport } from './instrument/engine.ts'
import type { LoadedHow, SeenPackage } from './instrument/hook.ts'
import { satisfies } from './instrument/semver.ts'

/** Answers "why is my span missing?", library by library: what was found, how it is hooked, what came, why not. */

/** One line of the doctor's table. */
export interface Finding {
  readonly library: string
  /** `''` where it cannot be told: built-in modules and libraries that publish their own channels. */
  readonly version: string
  readonly hooked: string
  /** Null before the program has run. */
  readonly events: number | null
  /** What is wrong, and what to do; `''` when nothing is. */
  readonly note: string
  readonly healthy: boolean
}

const HOW: { readonly [how in LoadedHow]: string } = {
  hooks: 'when loaded (module hooks)',
  compile: 'when loaded (CommonJS compiler)',
  loader: 'when loaded (loader thread)',
  late: 'late, after it was loaded',
  bundle: 'inside a bundle',
  hand: 'by hand',
}

/** What a running process can say. */
export function runningFindings(report: EngineReport): Finding[] {
  return report.tables.flatMap((table) => {
    const seen = (report.modules?.packages ?? []).filter((found) => packagesOf(table).includes(found.package))
    const events = report.events[table.name] ?? 0
    const off = report.off.filter((label) => label.startsWith(table.name))
    const broken = off.length === 0 ? '' : `switched off after an error: ${off.join(', ')}`
    if (seen.length > 0) return seen.map((found) => seenFinding(found, events, broken))
    if (table.builtins !== undefined || events > 0) {
      return [finding(table.name, '', natural(table), events, broken)]
    }
    return [finding(table.name, '', 'not loaded', 0, '')]
  })
}

/** What the installed packages of a folder let expect. */
export function installedFindings(tables: readonly Instrumentation[], folder: string): Finding[] {
  return tables.flatMap((table): Finding[] => {
    if (table.builtins !== undefined || table.name === 'undici')
      return [finding(table.name, process.version, natural(table), null, '')]
    const version = installedVersion(table.name, folder)
    if (version === undefined) return []
    if (version === '') return [finding(table.name, '', 'not', null, 'its package.json cannot be read')]
    const ranges = servedRanges(table)
    if (ranges.length === 0 || ranges.some((range) => satisfies(version, range)))
      return [finding(table.name, version, natural(table), null, '')]
    return [
      finding(table.name, version, 'not', null, `version ${version} is outside of ${ranges.join(' || ')}`),
    ]
  })
}

/** The findings as a table for a terminal. */
export function renderFindings(findings: readonly Finding[]): string {
  const rows = findings.map(({ library, version, hooked, events, note }) => [
    library,
    version === '' ? '–' : version,
    hooked,
    events === null ? '' : String(events),
    note,
  ])
  const head = [
    'library',
    'version',
    'hooked',
    findings.some(({ events }) => events !== null) ? 'events' : '',
    '',
  ]
  return aligned([head, ...rows])
}

/** Where each option comes from that has not its default. `''` where all have. */
export function renderOrigins(origins: ReadonlyMap<string, string>): string {
  return origins.size === 0 ? '' : aligned([['option', 'from'], ...origins])
}

/** The first row is a head. */
function aligned(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows
  const widths = head.map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] as number))
      .join('  ')
      .trimEnd()
  return [line(head), line(widths.map((width) => '─'.repeat(width))), ...body.map(line)].join('\n')
}

function seenFinding(found: SeenPackage, events: number, broken: string): Finding {
  const hooked = found.how === null ? 'not' : HOW[found.how]
  return finding(
    found.package,
    found.version,
    hooked,
    events,
    [found.why ?? '', broken].filter(Boolean).join('; '),
  )
}

function finding(
  library: string,
  version: string,
  hooked: string,
  events: number | null,
  note: string,
): Finding {
  return { library, version, hooked, events, note, healthy: note === '' }
}

function natural(table: Instrumentation): string {
  if (table.builtins !== undefined) return 'prototypes of the built-in module'
  if (table.channels !== undefined || table.exchanges !== undefined) return 'channels of its own'
  return 'when loaded'
}

function packagesOf(table: Instrumentation): string[] {
  return [...(table.patches ?? []), ...(table.adopts ?? [])].map(
    ({ module }: Pick<Patch, 'module'>) => module,
  )
}

/** The versions of the library itself, not of the packages that it is made of. */
function servedRanges(table: Instrumentation): string[] {
  if (table.versions !== undefined) return [table.versions]
  const patches = [...(table.patches ?? []), ...(table.adopts ?? [])]
  return [...new Set(patches.filter(({ module }) => module === table.name).map(({ versions }) => versions))]
}

/** The version in the nearest `node_modules`, as Node would find it; `''` where that is damaged. */
function installedVersion(name: string, folder: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const manifest = join(at, 'node_modules', name, 'package.json')
    if (existsSync(manifest)) return versionIn(manifest)
    if (dirname(at) === at) return undefined
  }
}

function versionIn(manifest: string): string {
  try {
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version?: unknown }
    return typeof version === 'string' ? version : ''
  } catch {
    return ''
  }
}
