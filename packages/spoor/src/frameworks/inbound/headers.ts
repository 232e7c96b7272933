/** Headers by name, in any case; or a `Headers`, a `Map`, or pairs. */
export type RequestHeaders =
  | { readonly [name: string]: string | readonly string[] | undefined }
  | Iterable<readonly [name: string, value: string]>

/** Names and values in turn. */
export function flat(headers: RequestHeaders): string[] {
  const pairs: Iterable<readonly [string, unknown]> =
    Symbol.iterator in headers
      ? (headers as Iterable<readonly [string, string]>)
      : Object.entries(headers as { [name: string]: unknown })
  const raw: string[] = []
  for (const [name, value] of pairs) {
    for (const each of [value].flat()) {
      if (each !== undefined && each !== null) raw.push(name, String(each))
    }
  }
  return raw
}

/** By lower-case name; several values of one name are joined, as Node.js does. */
export function gathered(raw: readonly string[]): { [name: string]: string } {
  const headers: { [name: string]: string } = Object.create(null)
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase()
    const value = raw[i + 1] as string
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
  }
  return headers
}
