import { referenceTo } from '../api/carried-span.ts'
import { FORMAT_HTTP_HEADERS } from '../api/format.ts'
import { isSilentSpan, silentSpan } from '../api/noop.ts'
import type { SpanContext } from '../api/span-context.ts'
import { KIND_NAMES } from '../api/span-kind.ts'
import type { Tracer } from '../api/tracer.ts'
import { report } from '../log.ts'
import { Facts } from './facts.ts'
import type { EngineParent, EngineSpan, Row } from './row.ts'
import type { Runtime } from './runtime.ts'

/** What every runtime is given, whoever's tracer it leads to. */
export type Surroundings = Pick<
  Runtime,
  'tracer' | 'scope' | 'http' | 'database' | 'messaging' | 'privacy' | 'policy' | 'clients'
>

/** OpenTracing's way into any tracer but our own. */
export function foreignRuntime(tracer: Tracer, shared: Surroundings): Runtime {
  const runtime: Runtime = {
    ...shared,
    inboundHeaders: null,
    open<Event>(row: Row<Event>, event: Event, parent: EngineParent): EngineSpan {
      if (isSilentSpan(parent)) return silentSpan
      const facts = new Facts()
      // The kind comes first and at start: tracers that share a span id with the caller decide by it.
      facts.append('span.kind', KIND_NAMES[row.kind])
      row.describe(event, facts, runtime)
      return tracer.startSpan(row.name(event), {
        ...referenceTo(parent),
        tags: facts.tags(),
        ignoreActiveSpan: true,
      })
    },
    silent: () => silentSpan,
    extract(headers): SpanContext | null {
      try {
        const context = tracer.extract(FORMAT_HTTP_HEADERS, headers)
        // What cannot be told from "nothing" must not become a parent: the no-op context of `opentracing@0.14`.
        return context === null || context === undefined || isEmpty(context) ? null : context
      } catch (error) {
        report(
          'extract',
          'the tracer could not read the headers of a request; a new trace was started',
          error,
        )
        return null
      }
    },
    inject(span, carrier) {
      if (isSilentSpan(span)) return
      try {
        tracer.inject(span.context(), FORMAT_HTTP_HEADERS, carrier)
      } catch (error) {
        report(
          'inject',
          'the tracer could not write headers; the trace ends here for the service called',
          error,
        )
      }
    },
  }
  return runtime
}

function isEmpty(context: SpanContext): boolean {
  return typeof context.toTraceId === 'function' && context.toTraceId() === ''
}
