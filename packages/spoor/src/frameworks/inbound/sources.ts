import type { OpenTracer, Tracer } from '../../api/tracer.ts'
import { serverBinding } from '../../instrument/admit.ts'
import type { Binding } from '../../instrument/bind.ts'
import type { InboundRequest } from '../../instrument/inbound-request.ts'
import type { Runtime } from '../../instrument/runtime.ts'
import type { Dialect } from '../../semantics/dialect.ts'
import { TracerSource } from '../tracer-source.ts'

/** Ways to tracers that are given anew with every call. */

const sources: { readonly [dialect in Dialect]: WeakMap<object, TracerSource> } = {
  otel: new WeakMap(),
  opentracing: new WeakMap(),
  both: new WeakMap(),
}
const globalSource = new TracerSource(undefined, 'opentracing')

export function sourceOf(
  tracer: OpenTracer | Tracer | undefined,
  dialect: Dialect = 'opentracing',
): TracerSource {
  if (tracer === undefined) return globalSource
  let source = sources[dialect].get(tracer)
  if (source === undefined) {
    source = new TracerSource(tracer, dialect)
    sources[dialect].set(tracer, source)
  }
  return source
}

const bindings = new WeakMap<Runtime, Binding<InboundRequest>>()

export function bindingOf(runtime: Runtime): Binding<InboundRequest> {
  let binding = bindings.get(runtime)
  if (binding === undefined) {
    binding = serverBinding(runtime)
    bindings.set(runtime, binding)
  }
  return binding
}
