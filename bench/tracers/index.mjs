/**
 * Who takes part. A contestant is a preload and an environment, nothing else: the applications are the same for all.
 *
 * Everybody samples all requests (unless the name ends in `-off`), flushes once a second, and exports for real.
 * What is not tracing (telemetry about itself, remote configuration, crash tracking) is off for everybody: it
 * would count against the peers.
 */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const contestants = join(dirname(fileURLToPath(import.meta.url)), '..', 'contestants')
const fromContestants = createRequire(join(contestants, 'package.json'))

const flushMs = 1000

/**
 * OpenTelemetry's batch processor drops what comes while 2,048 spans wait, and a dropped span is a cheap span. With
 * room for everything no contestant can gain by losing.
 */
const batches = { OTEL_BSP_SCHEDULE_DELAY: String(flushMs), OTEL_BSP_MAX_QUEUE_SIZE: '200000' }

const otlp = ({ sink }) => ({
  OTEL_SERVICE_NAME: 'bench',
  OTEL_EXPORTER_OTLP_ENDPOINT: sink,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  OTEL_TRACES_EXPORTER: 'otlp',
  ...batches,
})

const off = { OTEL_TRACES_SAMPLER: 'always_off' }

const otelPreload = ['--require', join(contestants, 'otel.cjs')]
const spoorPreload = ['--import', 'spoor/register']

/**
 * @typedef {object} Contestant
 * @property {string} title as the tables print it
 * @property {string[]} versions npm packages whose versions are named in the report
 * @property {boolean} sampled whether spans are expected to arrive
 * @property {() => string[]} preload arguments for Node before the application
 * @property {(where: { sink: string, app: string }) => Record<string, string>} environment
 */

/** @type {Record<string, Contestant>} */
export const tracers = {
  none: {
    title: 'none',
    versions: [],
    sampled: false,
    preload: () => [],
    environment: () => ({}),
  },
  spoor: {
    title: 'Spoor',
    versions: ['spoor'],
    sampled: true,
    preload: () => spoorPreload,
    environment: otlp,
  },
  otel: {
    title: 'OpenTelemetry, minimal',
    versions: [
      '@opentelemetry/sdk-trace',
      '@opentelemetry/exporter-trace-otlp-proto',
      '@opentelemetry/instrumentation-http',
      '@opentelemetry/instrumentation-express',
      '@opentelemetry/instrumentation-pg',
      '@opentelemetry/instrumentation-redis',
      '@opentelemetry/instrumentation-undici',
      '@fastify/otel',
    ],
    sampled: true,
    preload: () => otelPreload,
    environment: (where) => ({ ...otlp(where), BENCH_APP: where.app }),
  },
  'otel-auto': {
    title: 'OpenTelemetry, auto',
    versions: ['@opentelemetry/auto-instrumentations-node', '@opentelemetry/sdk-node'],
    sampled: true,
    preload: () => [
      '--require',
      fromContestants.resolve('@opentelemetry/auto-instrumentations-node/register'),
    ],
    environment: (where) => ({ ...otlp(where), OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' }),
  },
  dd: {
    title: 'dd-trace',
    versions: ['dd-trace'],
    sampled: true,
    preload: () => ['--require', fromContestants.resolve('dd-trace/init')],
    environment: datadog,
  },
  'spoor-off': {
    title: 'Spoor, unsampled',
    versions: ['spoor'],
    sampled: false,
    preload: () => spoorPreload,
    environment: (where) => ({ ...otlp(where), ...off }),
  },
  'otel-off': {
    title: 'OpenTelemetry, minimal, unsampled',
    versions: [],
    sampled: false,
    preload: () => otelPreload,
    environment: (where) => ({ ...otlp(where), ...off, BENCH_APP: where.app }),
  },
  // Not part of the default run: the peers with one span per unit of work, as Spoor has it by default.
  'otel-lean': {
    title: 'OpenTelemetry, minimal, no middleware spans',
    versions: [],
    sampled: true,
    preload: () => otelPreload,
    environment: (where) => ({ ...otlp(where), BENCH_APP: where.app, BENCH_LEAN: '1' }),
  },
  'dd-lean': {
    title: 'dd-trace, no middleware spans',
    versions: [],
    sampled: true,
    preload: () => ['--require', fromContestants.resolve('dd-trace/init')],
    environment: (where) => ({ ...datadog(where), DD_TRACE_MIDDLEWARE_TRACING_ENABLED: 'false' }),
  },
}

export const defaultTracers = ['none', 'spoor', 'otel', 'otel-auto', 'dd', 'spoor-off', 'otel-off']

function datadog({ sink }) {
  return {
    DD_SERVICE: 'bench',
    DD_TRACE_AGENT_URL: sink,
    DD_TRACE_SAMPLE_RATE: '1',
    DD_TRACE_RATE_LIMIT: '-1',
    DD_TRACE_FLUSH_INTERVAL: String(flushMs),
    DD_TRACE_STARTUP_LOGS: 'false',
    DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
    DD_REMOTE_CONFIGURATION_ENABLED: 'false',
    DD_CRASHTRACKING_ENABLED: 'false',
  }
}
