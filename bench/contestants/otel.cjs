// OpenTelemetry as somebody sets it up who counts costs: the trace SDK alone, OTLP protobuf, a batch processor,
// and of the instrumentations only those that the application of BENCH_APP needs.
const { context, propagation, trace } = require('@opentelemetry/api')
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks')
const {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} = require('@opentelemetry/core')
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto')
const { registerInstrumentations } = require('@opentelemetry/instrumentation')
const { resourceFromAttributes } = require('@opentelemetry/resources')
const {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  TracerProvider,
} = require('@opentelemetry/sdk-trace')

const lean = process.env.BENCH_LEAN === '1'

const instrumentations = {
  http: () => new (require('@opentelemetry/instrumentation-http').HttpInstrumentation)(),
  express: () =>
    new (require('@opentelemetry/instrumentation-express').ExpressInstrumentation)({
      // Lean: the route is still named, but middlewares and handlers leave no spans of their own.
      ignoreLayersType: lean ? ['middleware', 'request_handler', 'router'] : [],
    }),
  fastify: () =>
    new (require('@fastify/otel').FastifyOtelInstrumentation)({
      registerOnInitialization: true,
      instrumentHandler: !lean,
      instrumentHooks: !lean,
    }),
  pg: () => new (require('@opentelemetry/instrumentation-pg').PgInstrumentation)(),
  redis: () => new (require('@opentelemetry/instrumentation-redis').RedisInstrumentation)(),
  undici: () => new (require('@opentelemetry/instrumentation-undici').UndiciInstrumentation)(),
}

const needed = {
  A: ['http'],
  B: ['http', 'express'],
  C: ['http', 'fastify'],
  D: ['http', 'express', 'pg', 'redis', 'undici'],
}

const number = (name) => (process.env[name] === undefined ? undefined : Number(process.env[name]))

context.setGlobalContextManager(new AsyncLocalStorageContextManager())
propagation.setGlobalPropagator(
  new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] }),
)

const tracerProvider = new TracerProvider({
  resource: resourceFromAttributes({ 'service.name': process.env.OTEL_SERVICE_NAME }),
  sampler: process.env.OTEL_TRACES_SAMPLER === 'always_off' ? new AlwaysOffSampler() : new AlwaysOnSampler(),
  spanProcessors: [
    new BatchSpanProcessor({
      exporter: new OTLPTraceExporter(),
      scheduledDelayMillis: number('OTEL_BSP_SCHEDULE_DELAY'),
      maxQueueSize: number('OTEL_BSP_MAX_QUEUE_SIZE'),
      maxExportBatchSize: number('OTEL_BSP_MAX_EXPORT_BATCH_SIZE'),
    }),
  ],
})
trace.setGlobalTracerProvider(tracerProvider)

registerInstrumentations({
  tracerProvider,
  instrumentations: needed[process.env.BENCH_APP].map((name) => instrumentations[name]()),
})

process.once('SIGTERM', () => tracerProvider.shutdown().finally(() => process.exit(0)))
