/** Puts something in place of a property, and takes it back. */

/** Undoes one change. Safe to call twice. */
export type Undo = () => void

type Wrap = (original: any) => object

/**
 * Marks what we put in place, across copies of this package: never two spans for one call. A mark is of one layer alone,
 * for those below it may have been switched off.
 */
const WRAPPED: unique symbol = Symbol.for('spoor.wrapped')

/**
 * Gives a function that stands for another one its name, its length, and what others have hung onto it: `http2.connect` has
 * a promise-returning form as a property.
 */
export function dress<Fn extends object>(replacement: Fn, original: object): Fn {
  const properties = Object.getOwnPropertyDescriptors(original) as {
    [key: string | symbol]: PropertyDescriptor
  }
  for (const key of Object.getOwnPropertySymbols(properties)) {
    if (key.description?.startsWith('spoor.')) delete properties[key]
  }
  return Object.defineProperties(replacement, properties)
}

/**
 * Replaces a method by what `wrap` makes of it. The property keeps its attributes; an inherited method is shadowed.
 *
 * @param mark stands for who wraps it: nobody does so twice
 * @returns how to undo it, or null when there is no such method, or when it is wrapped already
 */
export function patchMethod(
  target: object,
  name: string | symbol,
  wrap: Wrap,
  mark: symbol = WRAPPED,
): Undo | null {
  const original = (target as { [name: string | symbol]: unknown })[name]
  if (typeof original !== 'function' || mark in original) return null
  const own = Object.getOwnPropertyDescriptor(target, name)
  if (own !== undefined && own.configurable === false && own.writable !== true) return null
  const replacement = dress(wrap(original), original)
  Object.defineProperty(replacement, mark, { value: original })
  define(target, name, replacement, own)
  return () => {
    // Somebody may have wrapped us in the meantime; then ours stays below theirs, and does nothing.
    if ((target as { [name: string | symbol]: unknown })[name] !== replacement) return
    if (own === undefined) delete (target as { [name: string | symbol]: unknown })[name]
    else define(target, name, original, own)
  }
}

function define(
  target: object,
  name: string | symbol,
  value: unknown,
  like: PropertyDescriptor | undefined,
): void {
  // A binding of a module is behind a getter and a setter.
  const assigned = like?.configurable === false || like?.set !== undefined
  if (assigned) (target as { [name: string | symbol]: unknown })[name] = value
  else
    Object.defineProperty(target, name, {
      configurable: true,
      writable: true,
      enumerable: like?.enumerable ?? false,
      value,
    })
}

/** Follows a path of property names, as in `'Client.prototype'`; undefined where it leads nowhere. */
export function reach(from: unknown, path: string): object | undefined {
  let value: unknown = from
  for (const step of path === '' ? [] : path.split('.')) {
    value = (value as { [step: string]: unknown } | null | undefined)?.[step]
  }
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
    ? (value as object)
    : undefined
}

/** The object on the prototype chain that has a method: the way to a class that nobody exports. */
export function ownerOf(method: string, object: object | undefined): object | undefined {
  let owner: object | null = object ?? null
  while (owner !== null && !Object.hasOwn(owner, method))
    owner = Object.getPrototypeOf(owner) as object | null
  return owner ?? undefined
}
