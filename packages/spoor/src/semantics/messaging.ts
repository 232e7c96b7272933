import { type Dialect, type Names, names } from './dialect.ts'

/**
 * Messages over connections that stay open. Sources: OpenTelemetry semantic conventions 1.36, "Messaging spans", which do not
 * speak of WebSocket but have a name for each of these; OpenTracing semantic conventions, "Span tags".
 */
const terms = {
  component: { otel: null, opentracing: 'component' },
  system: { otel: 'messaging.system', opentracing: null },
  operation: { otel: 'messaging.operation.name', opentracing: null },
  destination: { otel: 'messaging.destination.name', opentracing: 'message_bus.destination' },
  bodySize: { otel: 'messaging.message.body.size', opentracing: null },
} as const

export type MessagingNames = Names<typeof terms>

export function messagingNames(dialect: Dialect): MessagingNames {
  return names(terms, dialect)
}
