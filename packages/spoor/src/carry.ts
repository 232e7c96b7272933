import { CarriedSpan } from './api/carried-span.ts'
import { FORMAT_TEXT_MAP } from './api/format.ts'
import { currentTracer } from './api/global.ts'
import { isSilentSpan, noopTracer } from './api/noop.ts'
import type { Span } from './api/span.ts'
import { isTraceContext, type SpanContext } from './api/span-context.ts'
import { report } from './log.ts'

/**
 * The active span across threads and processes, where nothing carries it by itself: out as plain text, in by a callback.
 */

/** A context as plain text: it survives `postMessage`, JSON, and whatever else carries an object of strings. */
export interface ContextCarrier {
  [name: string]: string
}

/**
 * The active span as an object of plain strings, to be sent along with work for another thread or process. There
 * {@link withContext} takes it.
 *
 * @param span another span than the active one
 * @returns an empty object when no span is active
 * @example
 * new Worker(file, { workerData: { job, trace: carryContext() } })
 * port.postMessage({ job, trace: carryContext() })
 */
export function carryContext(span: Span | null = currentTracer().activeSpan): ContextCarrier {
  const carrier: ContextCarrier = {}
  if (span === null || isSilentSpan(span)) return carrier
  try {
    currentTracer().inject(span.context(), FORMAT_TEXT_MAP, carrier)
  } catch (error) {
    report(
      'carry.out',
      'the tracer could not write a context; the trace ends here for who gets the work',
      error,
    )
  }
  return carrier
}

/**
 * An environment for a child process that continues the trace: a copy of `env` with the active span in `TRACEPARENT`,
 * `TRACESTATE` and `BAGGAGE`, or what the propagators in use make of it (OpenTelemetry specification, "Environment Variables
 * as Context Propagation Carriers"). An environment is visible to others, so baggage should hold no secret.
 *
 * @param env what the child gets besides: `process.env`, as a rule
 * @returns a plain copy when no span is active
 * @example
 * spawn('./resize', { env: carryEnvironment(process.env) })
 */
export function carryEnvironment(env: { readonly [name: string]: string | undefined } = {}): {
  [name: string]: string | undefined
} {
  const entries = Object.entries(carryContext()).filter(([, value]) => isSendable(value))
  if (entries.length === 0) return { ...env }
  const own = Object.fromEntries(entries.map(([name, value]) => [variableName(name), value]))
  // What this process was given itself belongs to another span.
  const { TRACEPARENT, TRACESTATE, BAGGAGE, ...rest } = env
  return { ...rest, ...own }
}

/**
 * Runs a function in a context that came from elsewhere: spans that start in it continue that trace. What comes without a
 * context continues nothing, not even what is active here: it is somebody else's work.
 *
 * @param carrier what {@link carryContext} gave, headers of a message, or `process.env` of a child process
 * @returns exactly what `fn` returned
 * @example
 * parentPort.on('message', ({ job, trace }) => withContext(trace, () => withSpan('resize', () => resize(job))))
 * withContext(process.env, main)
 */
export function withContext<Result>(carrier: object | null | undefined, fn: () => Result): Result {
  const tracer = currentTracer()
  if (tracer === noopTracer) return fn()
  const context = contextIn(carrier)
  return tracer.scopeManager.with(context === null ? null : new CarriedSpan(context, tracer), fn)
}

function contextIn(carrier: object | null | undefined): SpanContext | null {
  if (typeof carrier !== 'object' || carrier === null) return null
  try {
    const context = currentTracer().extract(FORMAT_TEXT_MAP, withHeaderNames(carrier))
    if (context === null || context === undefined) return null
    // The no-op context of `opentracing@0.14` has empty ids: it stands for nothing. One of ours may still hold baggage.
    return isTraceContext(context) || context.toTraceId?.() !== '' ? context : null
  } catch (error) {
    report(
      'carry.in',
      'the tracer could not read a context; what was received begins a trace of its own',
      error,
    )
    return null
  }
}

/** Names of variables beside the names of headers that they stand for: `X_B3_TRACEID` is `x-b3-traceid`. */
function withHeaderNames(carrier: object): object {
  if (typeof (carrier as { entries?: unknown }).entries === 'function' || Array.isArray(carrier))
    return carrier
  const names = Object.keys(carrier).filter((name) => /^[A-Z][A-Z0-9_]*$/.test(name))
  if (names.length === 0) return carrier
  const variables = names.map((name) => [
    name.toLowerCase().replaceAll('_', '-'),
    (carrier as { [name: string]: unknown })[name],
  ])
  return { ...Object.fromEntries(variables), ...carrier }
}

function variableName(header: string): string {
  return header.toUpperCase().replace(/[^A-Z0-9_]/g, '_')
}

/** What may stand in a variable (RFC 9110, field values): a zero byte would make `spawn` throw. */
function isSendable(value: unknown): boolean {
  return typeof value === 'string' && !/[^\t\x20-\x7e\x80-\xff]/.test(value)
}
