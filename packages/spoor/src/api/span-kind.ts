/** OTLP span kinds (trace.proto, `Span.SpanKind`), and OpenTracing's names for them. */
export const KIND_INTERNAL = 1
export const KIND_SERVER = 2
export const KIND_CLIENT = 3
export const KIND_PRODUCER = 4
export const KIND_CONSUMER = 5

/** The value of the tag `span.kind` for each OTLP kind. */
export const KIND_NAMES: readonly string[] = ['', 'internal', 'server', 'client', 'producer', 'consumer']
