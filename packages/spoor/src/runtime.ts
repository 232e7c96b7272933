import { FORMAT_HTTP_HEADERS } from './api/format.ts'
import { globalTracer } from './api/global.ts'
import { isSilentSpan, silentSpan } from './api/noop.ts'
import { KIND_SERVER } from './api/span-kind.ts'
import type { Tracer } from './api/tracer.ts'
import type { ClientPolicy } from './instrument/client-policy.ts'
import { Facts } from './instrument/facts.ts'
import { foreignRuntime, type Surroundings } from './instrument/foreign-runtime.ts'
import type { EngineParent, EngineSpan, Row } from './instrument/row.ts'
import type { Privacy, Runtime } from './instrument/runtime.ts'
import type { ServerPolicy } from './instrument/server-policy.ts'
import { databaseNames } from './semantics/database.ts'
import type { Dialect } from './semantics/dialect.ts'
import { httpNames } from './semantics/http.ts'
import { messagingNames } from './semantics/messaging.ts'
import { asParent } from './tracer/lineage.ts'
import { SpoorTracer } from './tracer/tracer.ts'

/** What the engine runs on: the short way into our own tracer, and OpenTracing's way into everybody else's. */
export function runtimeOf(
  tracer: Tracer,
  dialect: Dialect,
  privacy: Privacy,
  policy: ServerPolicy | null,
  clients: ClientPolicy | null,
): Runtime {
  const shared = {
    tracer: globalTracer(),
    scope: tracer.scopeManager,
    http: httpNames(dialect),
    database: databaseNames(dialect),
    messaging: messagingNames(dialect),
    privacy,
    policy,
    clients,
  }
  return tracer instanceof SpoorTracer ? ownRuntime(tracer, shared) : foreignRuntime(tracer, shared)
}

function ownRuntime(tracer: SpoorTracer, shared: Surroundings): Runtime {
  const fields = tracer.propagator.fields
  const runtime: Runtime = {
    ...shared,
    inboundHeaders: fields.some((field) => field.endsWith('*')) ? null : fields,
    open<Event>(row: Row<Event>, event: Event, parent: EngineParent): EngineSpan {
      const from = asParent(parent)
      if (from === null && isSilentSpan(parent)) return silentSpan
      if (tracer.sampler.readsTags === true) {
        const facts = new Facts()
        row.describe(event, facts, runtime)
        const span = tracer.open(row.name(event), row.kind, from, facts.flat)
        if (span.recording) facts.appendTo(span)
        return span
      }
      const span = tracer.open(row.name(event), row.kind, from, null)
      if (span.recording) row.describe(event, span, runtime)
      return span
    },
    silent(parent) {
      const span = tracer.open('ignored', KIND_SERVER, asParent(parent), null)
      span.mute()
      return span
    },
    extract: (headers) => tracer.extractText(headers),
    inject: (span, carrier) => tracer.inject(span, FORMAT_HTTP_HEADERS, carrier),
  }
  return runtime
}
