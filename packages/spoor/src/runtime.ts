import { FORMAT_HTTP_HEADERS } from './api/format.ts'
import { globalTracer } from './api/global.ts'
import type { TagMap } from './api/span.ts'
import type { SpanContext } from './api/span-context.ts'
import { KIND_NAMES } from './api/span-kind.ts'
import type { Tracer } from './api/tracer.ts'
import type { EngineParent, EngineSpan, Row } from './instrument/row.ts'
import type { Privacy, Runtime } from './instrument/runtime.ts'
import { report } from './log.ts'
import { databaseNames } from './semantics/database.ts'
import type { Dialect } from './semantics/dialect.ts'
import { httpNames } from './semantics/http.ts'
import { asParent } from './tracer/lineage.ts'
import { SpoorTracer } from './tracer/tracer.ts'

/** What the engine runs on: the short way into our own tracer, and OpenTracing's way into everybody else's. */
export function runtimeOf(tracer: Tracer, dialect: Dialect, privacy: Privacy): Runtime {
  const shared = {
    tracer: globalTracer(),
    scope: tracer.scopeManager,
    http: httpNames(dialect),
    database: databaseNames(dialect),
    privacy,
  }
  return tracer instanceof SpoorTracer ? ownRuntime(tracer, shared) : foreignRuntime(tracer, shared)
}

type Shared = Pick<Runtime, 'tracer' | 'scope' | 'http' | 'database' | 'privacy'>

function ownRuntime(tracer: SpoorTracer, shared: Shared): Runtime {
  const fields = tracer.propagator.fields
  const runtime: Runtime = {
    ...shared,
    inboundHeaders: fields.some((field) => field.endsWith('*')) ? null : fields,
    open<Event>(row: Row<Event>, event: Event, parent: EngineParent): EngineSpan {
      if (tracer.sampler.readsTags === true) {
        const facts = new Facts()
        row.describe(event, facts, runtime)
        const span = tracer.open(row.name(event), row.kind, asParent(parent), facts.flat)
        if (span.recording) facts.appendTo(span)
        return span
      }
      const span = tracer.open(row.name(event), row.kind, asParent(parent), null)
      if (span.recording) row.describe(event, span, runtime)
      return span
    },
    extract: (headers) => tracer.extractText(headers),
    inject: (span, carrier) => tracer.inject(span, FORMAT_HTTP_HEADERS, carrier),
  }
  return runtime
}

function foreignRuntime(tracer: Tracer, shared: Shared): Runtime {
  const runtime: Runtime = {
    ...shared,
    inboundHeaders: null,
    open<Event>(row: Row<Event>, event: Event, parent: EngineParent): EngineSpan {
      const facts = new Facts()
      // The kind comes first and at start: tracers that share a span id with the caller decide by it.
      facts.append('span.kind', KIND_NAMES[row.kind])
      row.describe(event, facts, runtime)
      return tracer.startSpan(row.name(event), {
        childOf: parent,
        tags: facts.tags(),
        ignoreActiveSpan: true,
      })
    },
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

/** Facts about a span that is not there yet. */
class Facts {
  readonly flat: unknown[] = []

  append(key: string, value: unknown): void {
    this.flat.push(key, value)
  }

  appendTo(span: EngineSpan): void {
    for (let i = 0; i < this.flat.length; i += 2) span.append?.(this.flat[i] as string, this.flat[i + 1])
  }

  tags(): TagMap {
    const tags: TagMap = {}
    for (let i = 0; i < this.flat.length; i += 2) tags[this.flat[i] as string] = this.flat[i + 1]
    return tags
  }
}
