/** Headers in the order and spelling of the caller: names and values in turn, or a list of pairs. */
export type HeaderList = unknown[]

/**
 * A list without the headers of these names.
 *
 * @param names lower-case names as keys
 */
export function withoutHeaders(headers: HeaderList, names: { [name: string]: unknown }): HeaderList {
  const isNamed = (name: unknown): boolean => typeof name === 'string' && name.toLowerCase() in names
  if (Array.isArray(headers[0])) return headers.filter((pair) => !isNamed((pair as unknown[])[0]))
  return headers.filter((_, index) => !isNamed(headers[index - (index % 2)]))
}

/**
 * The first header of a name; undefined where there is none.
 *
 * @param name in lower case
 */
export function headerIn(headers: HeaderList, name: string): unknown {
  const flat: unknown[] = Array.isArray(headers[0]) ? headers.flat() : headers
  const index = flat.findIndex((each, i) => i % 2 === 0 && String(each).toLowerCase() === name)
  return index < 0 ? undefined : flat[index + 1]
}
