/**
 * The two vocabularies in which spans are described, and the choice between them. A category lists its facts once,
 * with the name that each vocabulary has for them; nothing outside this folder writes such names.
 */

/** `otel`: OpenTelemetry's stable semantic conventions. `opentracing`: the tags of the OpenTracing conventions. */
export type Dialect = 'otel' | 'opentracing' | 'both'

/** The attribute that holds a fact; null where a vocabulary has none. */
export interface Term {
  readonly otel: string | null
  readonly opentracing: string | null
}

/** For every fact, the attributes to write: none, one or two. */
export type Names<Terms> = { readonly [Fact in keyof Terms]: readonly string[] }

/** Takes attributes: a span, or a collection of tags for a span that is about to be started. */
export interface FactWriter {
  append(key: string, value: unknown): void
}

/** Chooses the names of one vocabulary, or of both. */
export function names<Terms extends { readonly [fact: string]: Term }>(
  terms: Terms,
  dialect: Dialect,
): Names<Terms> {
  const chosen: { [fact: string]: readonly string[] } = {}
  for (const [fact, term] of Object.entries(terms)) {
    const wanted = dialect === 'both' ? [term.otel, term.opentracing] : [term[dialect]]
    chosen[fact] = [...new Set(wanted)].filter((name) => name !== null)
  }
  return chosen as Names<Terms>
}

/** Writes one fact under all its names; a fact without a value is left out. */
export function write(to: FactWriter, keys: readonly string[], value: unknown): void {
  if (value === undefined || value === null || value === '') return
  for (let i = 0; i < keys.length; i += 1) to.append(keys[i] as string, value)
}
