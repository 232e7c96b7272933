import type { Span } from '../api/span.ts'

/** Ways to see what is done to a span of any tracer. */

/** How often `fn` finishes the span. */
export function countFinishes(span: Span, fn: () => void): number {
  let finishes = 0
  const restore = watchFinish(span, () => (finishes += 1))
  fn()
  restore()
  return finishes
}

/** @returns stops watching */
export function watchFinish(span: Span, onFinish: () => void): () => void {
  return shadow(span, 'finish', onFinish)
}

/** Listens to one method of one span, which goes on working. */
export function shadow(
  span: Span,
  method: 'finish' | 'log' | 'setTag',
  listen: (...args: unknown[]) => void,
): () => void {
  const original = span[method] as (...args: unknown[]) => unknown
  const value = (...args: unknown[]): unknown => {
    listen(...args)
    return original.apply(span, args)
  }
  Object.defineProperty(span, method, { configurable: true, writable: true, value })
  return () => {
    delete (span as Partial<Span>)[method]
  }
}
