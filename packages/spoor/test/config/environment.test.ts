import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readEnvironment } from '../../dist/esm/config.js'
import { environmentOptions } from '../../dist/esm/options.js'
import { environmentTable, type Settings } from '../../dist/esm/variables.js'
import { captureLog } from '../export/support/log.ts'

/** For every variable: the setting that it makes, values with their meaning, and values that it refuses. */
interface Row {
  readonly key: keyof Settings
  readonly good: readonly [text: string, value: unknown][]
  readonly bad: readonly string[]
}

const text = (key: keyof Settings): Row => ({ key, good: [[' some text ', 'some text']], bad: [] })
const flag = (key: keyof Settings): Row => ({
  key,
  good: [
    ['true', true],
    ['TRUE', true],
    ['False', false],
  ],
  bad: ['1', 'yes', 'on'],
})
const whole = (key: keyof Settings, zero = true): Row => ({
  key,
  good: [['7', 7], ['2147483647', 2_147_483_647], ...(zero ? ([['0', 0]] as [string, unknown][]) : [])],
  bad: ['-1', '1.5', '1e3', '0x10', 'many', '2147483648', '9'.repeat(30), ...(zero ? [] : ['0'])],
})
const choice = (key: keyof Settings, ...names: string[]): Row => ({
  key,
  good: names.flatMap((name): [string, unknown][] => [
    [name, name],
    [name.toUpperCase(), name],
  ]),
  bad: ['nonsense', `${names[0]},`],
})
const pairs = (key: keyof Settings): Row => ({
  key,
  good: [
    ['a=1, b = x%20y%3D ,', { a: '1', b: 'x y=' }],
    ['a=b=c', { a: 'b=c' }],
  ],
  bad: ['a', '=a', 'a=%zz', 'api-key: secret'],
})
/** A list in each of its forms. */
const words = (key: keyof Settings): Row => ({
  key,
  good: ['a,b', ' a, b,', 'a b', '\n  a\n  b\n', 'a,\tb'].map((given): [string, unknown] => [
    given,
    ['a', 'b'],
  ]),
  bad: [],
})
const specifier = (key: keyof Settings): Row => ({
  key,
  good: ['./file.js#export', '../file.mjs', '/file.cjs', 'package#export', '@scope/package/file#export'].map(
    (name): [string, unknown] => [name, name],
  ),
  bad: ['jaeger', '#export', 'package#', 'two words#export'],
})
const otlp = ['http/protobuf', 'http/json', 'grpc']
const samplers = ['always_on', 'always_off', 'traceidratio']

const rows: { readonly [name: string]: Row } = {
  OTEL_SDK_DISABLED: flag('disabled'),
  OTEL_SERVICE_NAME: text('serviceName'),
  OTEL_RESOURCE_ATTRIBUTES: text('resourceAttributes'),
  OTEL_PROPAGATORS: {
    key: 'propagators',
    good: [
      ['b3, W3C-less,baggage', ['b3', 'baggage']],
      ['none', ['none']],
      ['TraceContext', ['tracecontext']],
    ],
    bad: ['nonsense', 'none,b3'],
  },
  OTEL_TRACES_SAMPLER: choice(
    'sampler',
    ...samplers,
    ...samplers.map((name) => `parentbased_${name}`),
    'ratelimited',
    'parentbased_ratelimited',
  ),
  OTEL_TRACES_SAMPLER_ARG: text('samplerArgument'),
  OTEL_TRACES_EXPORTER: {
    key: 'exporters',
    good: [
      ['otlp,console', ['otlp', 'console']],
      ['zipkin,file', ['file']],
      ['none', ['none']],
    ],
    bad: ['zipkin', 'none,otlp', ','],
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: text('endpoint'),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: text('tracesEndpoint'),
  OTEL_EXPORTER_OTLP_PROTOCOL: choice('protocol', ...otlp),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: choice('tracesProtocol', ...otlp),
  OTEL_EXPORTER_OTLP_HEADERS: pairs('headers'),
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: pairs('tracesHeaders'),
  OTEL_EXPORTER_OTLP_COMPRESSION: choice('compression', 'none', 'gzip'),
  OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: choice('tracesCompression', 'none', 'gzip'),
  OTEL_EXPORTER_OTLP_TIMEOUT: whole('timeout', false),
  OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: whole('tracesTimeout', false),
  OTEL_EXPORTER_OTLP_CERTIFICATE: text('certificate'),
  OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE: text('tracesCertificate'),
  OTEL_EXPORTER_OTLP_CLIENT_KEY: text('clientKey'),
  OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY: text('tracesClientKey'),
  OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: text('clientCertificate'),
  OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE: text('tracesClientCertificate'),
  OTEL_EXPORTER_OTLP_INSECURE: flag('insecure'),
  OTEL_BSP_SCHEDULE_DELAY: whole('scheduleDelay'),
  OTEL_BSP_EXPORT_TIMEOUT: whole('exportTimeout', false),
  OTEL_BSP_MAX_QUEUE_SIZE: whole('maxQueueSize', false),
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: whole('maxBatchSize', false),
  OTEL_ATTRIBUTE_COUNT_LIMIT: whole('attributes'),
  OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: whole('attributeLength'),
  OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: whole('spanAttributes'),
  OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: whole('spanAttributeLength'),
  OTEL_SPAN_EVENT_COUNT_LIMIT: whole('events'),
  OTEL_SPAN_LINK_COUNT_LIMIT: whole('links'),
  OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: whole('eventAttributes'),
  OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: whole('linkAttributes'),
  OTEL_LOG_LEVEL: choice('logLevel', 'none', 'error', 'warn', 'info', 'debug', 'verbose', 'all'),
  SPOOR_LOG_LEVEL: choice('spoorLogLevel', 'silent', 'error', 'warn', 'info', 'debug'),
  SPOOR_DIALECT: choice('dialect', 'otel', 'opentracing', 'both'),
  SPOOR_DISABLE: { key: 'disable', good: [['pg, redis,', ['pg', 'redis']]], bad: [] },
  SPOOR_REMOTE_PARENT: choice('remoteParent', 'continue', 'restart', 'ignore'),
  SPOOR_STATEMENTS: choice('statements', 'masked', 'raw'),
  SPOOR_SECRET_PARAMETERS: { key: 'secretParameters', good: [['a,b', ['a', 'b']]], bad: [] },
  SPOOR_FILE: text('file'),
  SPOOR_SPILL_DIRECTORY: text('spillDirectory'),
  SPOOR_DOCTOR: flag('doctor'),
  SPOOR_CONFIG: text('config'),
  SPOOR_TRACER: specifier('tracer'),
  SPOOR_TRACE_ALL: flag('traceAll'),
  SPOOR_TRACED_ATTRIBUTES: words('tracedAttributes'),
  SPOOR_START_SPAN_CALLBACK: specifier('startSpanCallback'),
  SPOOR_FINISH_SPAN_CALLBACK: specifier('finishSpanCallback'),
  SPOOR_IGNORE_PATHS: words('ignorePaths'),
  SPOOR_IGNORE_METHODS: words('ignoreMethods'),
  SPOOR_IGNORE_USER_AGENTS: {
    key: 'ignoreUserAgents',
    good: [['kube-probe, Google Health\n', ['kube-probe', 'Google Health']]],
    bad: [],
  },
  SPOOR_IGNORE_ROUTES: words('ignoreRoutes'),
  SPOOR_CALLER_NAME_HEADERS: words('callerNameHeaders'),
  SPOOR_CALLEE_NAME_HEADERS: words('calleeNameHeaders'),
  SPOOR_CALLEE_ENDPOINT_HEADERS: words('calleeEndpointHeaders'),
  SPOOR_TRUST_PROXY: flag('trustProxy'),
}

/** What the library says while `action` runs. */
function said(action: () => void): string[] {
  const log = captureLog()
  try {
    action()
    return log.lines
  } finally {
    log.restore()
  }
}

describe('the table of variables', () => {
  test('every variable of the table has a row here, and the other way round', () => {
    assert.deepEqual(environmentTable.map(({ name }) => name).sort(), Object.keys(rows).sort())
    for (const { doc } of environmentTable) assert.ok(doc.length > 10)
  })

  for (const [name, { key, good, bad }] of Object.entries(rows)) {
    test(`${name} is read, is nothing when it is empty, and complains of what it cannot read`, () => {
      for (const [given, value] of good) {
        said(() => assert.deepEqual(readEnvironment({ [name]: given }), { [key]: value }, given))
      }
      for (const empty of ['', '   ', undefined]) assert.deepEqual(readEnvironment({ [name]: empty }), {})
      for (const given of bad) {
        if (name.startsWith('SPOOR_')) {
          assert.throws(
            () => readEnvironment({ [name]: given }),
            (error: any) => {
              assert.equal(error.code, 'SPOOR_INVALID_VARIABLE')
              assert.ok(error.message.includes(name) && error.message.includes(given.slice(0, 80)))
              return true
            },
          )
        } else {
          const lines = said(() => assert.deepEqual(readEnvironment({ [name]: given }), {}, given))
          assert.ok(lines.length >= 1 && lines.every((line) => line.includes(name)), lines.join('\n'))
        }
      }
    })
  }

  test('what cannot be read of headers is not printed: it may be a credential', () => {
    const lines = said(() => readEnvironment({ OTEL_EXPORTER_OTLP_HEADERS: 'api-key: s3cret' }))
    assert.equal(lines.length, 1)
    assert.ok(!lines[0]?.includes('s3cret'))
    assert.match(lines[0] ?? '', /OTEL_EXPORTER_OTLP_HEADERS.*key=value.*default/)
  })

  test('a very long value is not printed in full', () => {
    const [line = ''] = said(() => readEnvironment({ OTEL_TRACES_SAMPLER: 'x'.repeat(10_000) }))
    assert.ok(line.length < 500)
  })
})

describe('SPOOR_ variables that do not exist', () => {
  test('are refused with a code, naming the nearest', () => {
    for (const [wrong, right] of [
      ['SPOOR_DIALCT', 'SPOOR_DIALECT'],
      ['SPOOR_LOGLEVEL', 'SPOOR_LOG_LEVEL'],
      ['SPOOR_REMOTE_PARENTS', 'SPOOR_REMOTE_PARENT'],
      ['SPOOR_DOKTOR', 'SPOOR_DOCTOR'],
    ] as const) {
      assert.throws(() => readEnvironment({ [wrong]: 'x' }), {
        code: 'SPOOR_UNKNOWN_VARIABLE',
        message: `There is no variable ${wrong}. Did you mean ${right}? Correct it or remove it.`,
      })
    }
  })

  test('those of the viewer and of the tests, and OTEL_ variables of others, are left alone', () => {
    const others = {
      SPOOR_VIEWER_PORT: '1',
      SPOOR_SKIP_SERVICES: 'x',
      OTEL_METRICS_EXPORTER: 'none',
      PATH: '/bin',
    }
    assert.deepEqual(
      said(() => assert.deepEqual(readEnvironment(others), {})),
      [],
    )
  })
})

describe('what the environment makes of a tracer', () => {
  const sampler = (name: string | undefined, argument?: string): string =>
    String(
      environmentOptions(
        {},
        { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: argument, OTEL_TRACES_EXPORTER: 'none' },
      ).sampler,
    )

  test('the sampler, with and without its argument', () => {
    assert.equal(sampler(undefined), 'parentbased{always_on}')
    assert.equal(sampler('always_on'), 'always_on')
    assert.equal(sampler('always_off', '0.5'), 'always_off')
    assert.equal(sampler('parentbased_always_on'), 'parentbased{always_on}')
    assert.equal(sampler('parentbased_always_off'), 'parentbased{always_off}')
    assert.equal(sampler('traceidratio', '0.25'), 'traceidratio{0.25}')
    assert.equal(sampler('traceidratio'), 'always_on')
    assert.equal(sampler('parentbased_traceidratio', '0'), 'parentbased{traceidratio{0}}')
    assert.equal(sampler('ratelimited', '5'), 'ratelimited{5/s}')
    assert.equal(sampler('ratelimited'), 'ratelimited{100/s}')
    assert.equal(sampler('parentbased_ratelimited', '0.1'), 'parentbased{ratelimited{0.1/s}}')
  })

  test('an argument that does not fit is reported, and every trace kept', () => {
    for (const [name, argument] of [
      ['traceidratio', '1.5'],
      ['traceidratio', 'half'],
      ['parentbased_traceidratio', '-1'],
      ['ratelimited', '0'],
    ] as const) {
      const lines = said(() => assert.match(sampler(name, argument), /^(?:parentbased\{)?always_on\}?$/))
      assert.equal(lines.length, 1)
      assert.match(
        lines[0] ?? '',
        new RegExp(`OTEL_TRACES_SAMPLER_ARG is "${argument}".*${name.split('_').at(-1)}`),
      )
    }
  })

  test('limits: those of spans win over the general ones', () => {
    const { limits } = environmentOptions(
      {},
      {
        OTEL_ATTRIBUTE_COUNT_LIMIT: '5',
        OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '6',
        OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: '7',
        OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '8',
        OTEL_SPAN_EVENT_COUNT_LIMIT: '0',
      },
    )
    assert.deepEqual(limits, {
      attributes: 6,
      attributeValueLength: 8,
      events: 0,
      attributesPerEvent: 7,
      attributesPerLink: 5,
    })
  })

  test('code wins over the environment', () => {
    const env = {
      OTEL_TRACES_SAMPLER: 'always_off',
      OTEL_SDK_DISABLED: 'true',
      OTEL_TRACES_EXPORTER: 'console',
      OTEL_PROPAGATORS: 'b3',
      SPOOR_DIALECT: 'both',
      SPOOR_REMOTE_PARENT: 'ignore',
      SPOOR_LOG_LEVEL: 'error',
      OTEL_LOG_LEVEL: 'debug',
    }
    const fromEnvironment = environmentOptions({}, env)
    assert.equal(fromEnvironment.enabled, false)
    assert.equal(String(fromEnvironment.sampler), 'always_off')
    assert.equal(fromEnvironment.logLevel, 'error')
    assert.deepEqual(
      fromEnvironment.propagators.map(({ name }) => name),
      ['b3'],
    )
    const given = environmentOptions(
      {
        enabled: true,
        exporters: ['none'],
        propagators: ['jaeger'],
        dialect: 'otel',
        remoteParent: 'restart',
        logLevel: 'info',
        limits: { attributes: 1 },
        rawStatements: true,
      },
      env,
    )
    assert.deepEqual(
      [
        given.enabled,
        given.exporters,
        given.dialect,
        given.remoteParent,
        given.logLevel,
        given.privacy.statements,
      ],
      [true, ['none'], 'otel', 'restart', 'info', true],
    )
    assert.deepEqual(
      given.propagators.map(({ name }) => name),
      ['jaeger'],
    )
  })

  test('OpenTelemetry’s log levels are Spoor’s', () => {
    const level = (name: string): string => environmentOptions({}, { OTEL_LOG_LEVEL: name }).logLevel
    assert.deepEqual(['none', 'error', 'warn', 'info', 'debug', 'verbose', 'all'].map(level), [
      'silent',
      'error',
      'warn',
      'info',
      'debug',
      'debug',
      'debug',
    ])
  })

  test('an instrumentation to leave out that does not exist is refused, naming the nearest', () => {
    assert.throws(() => environmentOptions({}, { SPOOR_DISABLE: 'http,expres' }), {
      code: 'SPOOR_UNKNOWN_INSTRUMENTATION',
      message: /Did you mean "express"/,
    })
  })
})
