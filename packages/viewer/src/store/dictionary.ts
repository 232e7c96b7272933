/** What repeats is stored once and referred to by number: names, resources, scopes. */
import { createHash } from 'node:crypto'
import { toJson } from '../collector/codec.ts'
import { RESOURCE } from '../collector/messages.ts'
import type { Engine, Statement } from './engine.ts'

/** Entries remembered. An application that puts ids into names must not fill the memory of the viewer. */
const REMEMBERED = 50_000
/** Longer names are cut: they are labels, not documents. UTF-16 units. */
const MAX_NAME = 1024

export class Strings {
  readonly #insert: Statement
  readonly #find: Statement
  readonly #read: Statement
  readonly #ids = new Map<string, number>()
  readonly #texts = new Map<number, string>()

  constructor(engine: Engine) {
    this.#insert = engine.prepare('INSERT INTO string (text) VALUES (?) ON CONFLICT (text) DO NOTHING')
    this.#find = engine.prepare('SELECT id FROM string WHERE text = ?')
    this.#read = engine.prepare('SELECT text FROM string WHERE id = ?')
  }

  /** @returns the number of a text, which it is given if it has none yet */
  intern(text: string): number {
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    // A NUL would end the text for SQLite's own functions, and one engine reads no further either.
    const stored = (text.length > MAX_NAME ? `${text.slice(0, MAX_NAME)}…` : text).replaceAll('\0', '\ufffd')
    this.#insert.run(stored)
    const id = Number(this.#find.get(stored)!['id'])
    remember(this.#ids, text, id)
    return id
  }

  /** @returns the number of a text, or undefined */
  find(text: string): number | undefined {
    const id = this.#ids.get(text) ?? this.#find.get(text)?.['id']
    return id === undefined ? undefined : Number(id)
  }

  text(id: number): string {
    const known = this.#texts.get(id)
    if (known !== undefined) return known
    const text = String(this.#read.get(id)?.['text'] ?? '')
    remember(this.#texts, id, text)
    return text
  }

  forget(): void {
    this.#ids.clear()
    this.#texts.clear()
  }
}

/** A resource or a scope, encoded, with what is asked of it for every span. */
export interface Context {
  id: number
  body: Uint8Array
  /** Number of the service's name; 0 for a scope. */
  service: number
}

export class Contexts {
  readonly #insert: Statement
  readonly #find: Statement
  readonly #read: Statement
  readonly #strings: Strings
  readonly #table: 'resource' | 'scope'
  readonly #byDigest = new Map<string, Context>()
  readonly #byId = new Map<number, Context>()

  constructor(engine: Engine, table: 'resource' | 'scope', strings: Strings) {
    const isResource = table === 'resource'
    this.#table = table
    this.#strings = strings
    // Node 22 binds some empty buffers as null.
    this.#insert = engine.prepare(
      `INSERT INTO ${table} (digest, body${isResource ? ', service' : ''})
       VALUES (?, coalesce(?, x'')${isResource ? ', ?' : ''}) ON CONFLICT (digest) DO NOTHING`,
    )
    const columns = isResource ? 'id, body, service' : 'id, body, 0 AS service'
    this.#find = engine.prepare(`SELECT ${columns} FROM ${table} WHERE digest = ?`)
    this.#read = engine.prepare(`SELECT ${columns} FROM ${table} WHERE id = ?`)
  }

  intern(body: Buffer): Context {
    const digest = createHash('sha256').update(body).digest()
    const key = digest.toString('latin1')
    const known = this.#byDigest.get(key)
    if (known) return known
    if (this.#table === 'resource') this.#insert.run(digest, body, this.#strings.intern(serviceName(body)))
    else this.#insert.run(digest, body)
    const context = contextOf(this.#find.get(digest)!)
    remember(this.#byDigest, key, context, 1000)
    return context
  }

  get(id: number): Context {
    const known = this.#byId.get(id)
    if (known) return known
    const row = this.#read.get(id)
    const context = row ? contextOf(row) : { id, body: new Uint8Array(), service: 0 }
    remember(this.#byId, id, context, 1000)
    return context
  }

  forget(): void {
    this.#byDigest.clear()
    this.#byId.clear()
  }
}

function contextOf({ id, body, service }: Record<string, unknown>): Context {
  return { id: Number(id), body: body as Uint8Array, service: Number(service) }
}

/** `unknown_service` is what OpenTelemetry's semantic conventions give to applications without a name. */
function serviceName(resource: Buffer): string {
  const attributes = toJson(RESOURCE, resource)['attributes'] as
    | { key?: string; value?: { stringValue?: string } }[]
    | undefined
  const name = attributes?.find(({ key }) => key === 'service.name')?.value?.stringValue
  return name || 'unknown_service'
}

function remember<K, V>(map: Map<K, V>, key: K, value: V, most: number = REMEMBERED): void {
  if (map.size >= most) map.clear()
  map.set(key, value)
}
