import { type Names, names } from './dialect.ts'

/**
 * Functions as a service. Source: OpenTelemetry semantic conventions 1.36, "FaaS spans" and "AWS Lambda". OpenTracing has no
 * names of its own for these, and takes them as they are: one vocabulary serves both dialects.
 */
const terms = {
  name: { otel: 'faas.name', opentracing: null },
  version: { otel: 'faas.version', opentracing: null },
  invocation: { otel: 'faas.invocation_id', opentracing: null },
  trigger: { otel: 'faas.trigger', opentracing: null },
  coldStart: { otel: 'faas.coldstart', opentracing: null },
  resource: { otel: 'cloud.resource_id', opentracing: null },
  account: { otel: 'cloud.account.id', opentracing: null },
} as const

export const faasNames: Names<typeof terms> = names(terms, 'otel')
