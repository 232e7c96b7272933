/**
 * The settings of the Python libraries, and what says the same here. Whoever brings an old name with them is told the
 * new one; the reference lists all of them.
 */

export interface PythonName {
  /** The library that has it. */
  readonly library: string
  readonly old: string
  /** The option, call or function here; where it is an option it stands alone. */
  readonly now: string
  readonly note: string
}

type Line = readonly [old: string, now: string, note: string]

const pyramid = (): Line[] => [
  ['ot.trace_all', 'traceAll', 'The default is `true` too.'],
  ['ot.traced_attributes', 'tracedAttributes', 'A list, or text over several lines.'],
  ['ot.start_span_cb', 'startSpanCallback', 'A function, or its name: `./hooks.js#onStart`.'],
  ['ot.tracing', 'attach', 'Make a tracing object and call `attach(app)`.'],
  [
    'ot.tracing_callable',
    'attach',
    'Make a tracing object and call `attach(app)`: the function is your own code.',
  ],
  ['ot.tracer_callable', 'tracer', 'A function, or its name: `./tracing.js#createTracer`.'],
  ['ot.tracer_parameters', 'tracerOptions', 'One object, the only argument.'],
  ['ot.tracer', 'tracer', 'Python never read it; this one is.'],
  ['ot.base_tracer', 'tracer', 'A tracer object.'],
  ['ot.base_tracer_func', 'tracer', 'A function, or its name. It gets `tracerOptions`, not all settings.'],
]

const flask = (): Line[] => [
  [
    'tracer',
    'tracer',
    'The first argument of `FlaskTracing`: a tracer, or a function that makes one at its first use.',
  ],
  ['trace_all_requests', 'traceAll', 'The second argument.'],
  ['app', 'app', 'The third argument; or call `attach(app)` later.'],
  ['traced_attributes', 'tracedAttributes', 'The fourth argument.'],
  ['start_span_cb', 'startSpanCallback', 'The fifth argument.'],
]

const tornado = (): Line[] => [
  ['opentracing_tracing', 'attach', 'Make a tracing object and call `attach(app)`.'],
  ['opentracing_tracer_callable', 'tracer', 'A function, or its name: `./tracing.js#createTracer`.'],
  ['opentracing_tracer_parameters', 'tracerOptions', 'One object, the only argument.'],
  ['opentracing_trace_all', 'traceAll', 'The default is `true` too.'],
  ['opentracing_trace_client', 'disable', "`disable: ['undici']` leaves `fetch` untraced."],
  ['opentracing_traced_attributes', 'tracedAttributes', ''],
  [
    'opentracing_start_span_cb',
    'startSpanCallback',
    'For requests that come in; `clientSpanCallback` for those that go out.',
  ],
]

const instrumentation = (): Line[] => [
  ['CONFIG.app_name', 'serviceName', 'Python never read it; this one names the service.'],
  [
    'CONFIG.caller_name_headers',
    'callerNameHeaders',
    'The first that is there becomes the tag `peer.service`.',
  ],
  [
    'CONFIG.callee_name_headers',
    'calleeNameHeaders',
    'The first that is there becomes the tag `peer.service` of the client span.',
  ],
  ['CONFIG.callee_endpoint_headers', 'calleeEndpointHeaders', 'Names the client span: `GET endpoint`.'],
]

export const pythonNames = (): PythonName[] =>
  Object.entries({
    pyramid_opentracing: pyramid(),
    flask_opentracing: flask(),
    tornado_opentracing: tornado(),
    opentracing_instrumentation: instrumentation(),
  }).flatMap(([library, lines]) => lines.map(([old, now, note]) => ({ library, old, now, note })))

const PREFIX = /^(?:ot\.|opentracing_|CONFIG\.)/

/** What a name of Python is called here; the prefix of its library may be missing. Undefined for any other name. */
export function fromPython(name: string): PythonName | undefined {
  const bare = name.replace(PREFIX, '')
  return pythonNames().find(
    ({ old, now }) => old !== now && (old === name || old.replace(PREFIX, '') === bare),
  )
}
