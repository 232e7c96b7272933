import { SpoorError } from './api/errors.ts'
import type { OpenTracer, Tracer } from './api/tracer.ts'
import { type Check, check } from './checks.ts'
import { firstLine, isSpecifier, load, type Place } from './specifier.ts'

/** A function that makes a tracer: it is given `tracerOptions`, and called once. */
export type TracerMaker = (options?: any) => OpenTracer | Tracer | Promise<OpenTracer | Tracer>

/**
 * A tracer; a function that makes one; or the name of either, `'./tracing.js#createTracer'`, `'package#export'` or
 * `'./tracer.js'`.
 */
export type TracerOption = OpenTracer | Tracer | TracerMaker | string

export const tracerCheck: Check = check(
  (value) => isTracer(value) || typeof value === 'function' || isSpecifier(value),
  "an OpenTracing tracer, a function that makes one, or the name of either: './tracing.js#createTracer', 'package#export'",
)

/** Tracers that can be called are tracers, not functions that make one (behaviour FLK-Q10). */
export function isTracer(value: unknown): value is OpenTracer {
  const { startSpan, inject, extract } = (value ?? {}) as Partial<OpenTracer>
  return [startSpan, inject, extract].every((method) => typeof method === 'function')
}

/**
 * What a specifier names; everything else is what it is.
 *
 * @throws {SpoorError} as `load`, and `SPOOR_NOT_CALLABLE`
 */
export function namedTracer(option: TracerOption, place: Place): OpenTracer | TracerMaker {
  if (typeof option !== 'string') return option
  const found = load(option, place)
  if (isTracer(found) || typeof found === 'function') return found as OpenTracer | TracerMaker
  throw new SpoorError(
    'SPOOR_NOT_CALLABLE',
    `${place.what} names ${JSON.stringify(option)}, which is ${describe(found)}, not a function and not a tracer.`,
  )
}

/**
 * Asks for the tracer.
 *
 * @param what as messages call it
 * @throws {SpoorError} `SPOOR_TRACER_FAILED`, `SPOOR_NOT_A_TRACER`; a promise is rejected with them
 */
export function askTracer(
  given: OpenTracer | TracerMaker,
  what: string,
  tracerOptions: object | undefined,
): OpenTracer | Promise<OpenTracer> {
  if (isTracer(given)) return given
  const failed = (error: unknown): never => {
    throw new SpoorError('SPOOR_TRACER_FAILED', `${what} failed to make a tracer: ${firstLine(error)}`, {
      cause: error,
    })
  }
  const checked = (answer: unknown): OpenTracer => {
    if (isTracer(answer)) return answer
    throw new SpoorError(
      'SPOOR_NOT_A_TRACER',
      `${what} gave ${describe(answer)}, not a tracer. Return an object with startSpan, inject and extract.`,
    )
  }
  let answer: unknown
  try {
    answer = tracerOptions === undefined ? given() : given(tracerOptions)
  } catch (error) {
    return failed(error)
  }
  return answer instanceof Promise ? answer.then(checked, failed) : checked(answer)
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
