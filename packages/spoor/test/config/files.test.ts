import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { environmentOptions } from '../../dist/esm/options.js'
import { folderWith } from './support.ts'

const resolve = (folder: string, env = {}, code = {}) => environmentOptions(code, env, folder)
const nameIn = (folder: string, env = {}, code = {}) => resolve(folder, env, code).serviceName

/** That this is refused with a code, and a message that holds all of these. */
function refused(action: () => unknown, code: string, ...parts: readonly string[]): void {
  assert.throws(action, (error: any) => {
    assert.equal(error.code, code, String(error))
    for (const part of parts) assert.ok(error.message.includes(part), `${part} is not in: ${error.message}`)
    assert.ok(!error.message.includes('\n'), 'the message is one line')
    return true
  })
}

describe('configuration files', () => {
  for (const [file, text] of Object.entries({
    'spoor.config.json': '\uFEFF{ "serviceName": "from file" }',
    'spoor.config.cjs': 'module.exports = { serviceName: "from file" }',
    'spoor.config.mjs': 'export default { serviceName: "from file" }',
    'spoor.config.js': 'module.exports = { serviceName: "from file" }',
  })) {
    test(`${file} is read where the program is started`, () => {
      const folder = folderWith({ [file]: text })
      assert.equal(nameIn(folder), 'from file')
      assert.equal(resolve(folder).origins.get('serviceName'), join(folder, file))
    })
  }

  test('spoor.config.js is whichever kind of module its package.json says', () => {
    const folder = folderWith({
      'package.json': { type: 'module' },
      'spoor.config.js': 'export default { serviceName: "from file" }',
    })
    assert.equal(nameIn(folder), 'from file')
  })

  test('what a compiler made of an ES module is read as one', () => {
    const text =
      'Object.defineProperty(exports, "__esModule", { value: true }); exports.default = { traceAll: false }'
    assert.equal(resolve(folderWith({ 'spoor.config.cjs': text })).policy?.traceAll, false)
  })

  test('the nearest file counts, up to the nearest package.json and no further', () => {
    const folder = folderWith({
      'spoor.config.json': { serviceName: 'above the package' },
      'package/package.json': {},
      'package/spoor.config.json': { serviceName: 'package' },
      'package/one/two/empty': '',
      'package/one/own/spoor.config.json': { serviceName: 'own' },
      'bare/package.json': {},
    })
    assert.equal(nameIn(join(folder, 'package')), 'package')
    assert.equal(nameIn(join(folder, 'package/one/two')), 'package')
    assert.equal(nameIn(join(folder, 'package/one/own')), 'own')
    assert.equal(nameIn(join(folder, 'bare')), undefined)
  })

  test('without a package.json above, only the folder itself is looked at', () => {
    const folder = folderWith({ 'spoor.config.json': { serviceName: 'mine' }, 'below/empty': '' })
    assert.equal(nameIn(folder), 'mine')
    assert.equal(nameIn(join(folder, 'below')), undefined)
  })

  test('SPOOR_CONFIG names the file, from the working directory, instead of what would be found', () => {
    const folder = folderWith({
      'package.json': { spoor: { traceAll: false } },
      'spoor.config.json': { serviceName: 'found', trustProxy: true },
      'deploy/production.json': { serviceName: 'named' },
    })
    const named = resolve(folder, { SPOOR_CONFIG: 'deploy/production.json' })
    assert.equal(named.serviceName, 'named')
    assert.equal(named.origins.has('trustProxy'), false)
    assert.equal(named.policy?.traceAll, false)
    assert.equal(nameIn('/', { SPOOR_CONFIG: join(folder, 'deploy/production.json') }), 'named')
    refused(
      () => resolve(folder, { SPOOR_CONFIG: 'deploy/staging.json' }),
      'SPOOR_CONFIG_NOT_FOUND',
      join(folder, 'deploy/staging.json'),
    )
  })

  test('two files in one folder are refused rather than one of them overlooked', () => {
    const folder = folderWith({ 'spoor.config.json': {}, 'spoor.config.mjs': '' })
    refused(() => resolve(folder), 'SPOOR_CONFIG_AMBIGUOUS', folder, 'spoor.config.mjs and spoor.config.json')
  })

  test('a file that cannot be read, or gives no options, is refused by name', () => {
    const cases: readonly (readonly [file: string, text: string | object, code: string, said: string])[] = [
      ['spoor.config.json', '{ "traceAll": tru', 'SPOOR_CONFIG_UNREADABLE', 'JSON'],
      ['spoor.config.json', [], 'SPOOR_INVALID_OPTION', 'an object of options'],
      ['spoor.config.json', 'null', 'SPOOR_INVALID_OPTION', 'null'],
      ['spoor.config.js', 'syntax error', 'SPOOR_MODULE_FAILED', 'Unexpected identifier'],
      ['spoor.config.js', 'throw new Error("no luck\\ntoday")', 'SPOOR_MODULE_FAILED', 'no luck'],
      ['spoor.config.js', 'require("no-such-package")', 'SPOOR_MODULE_FAILED', 'no-such-package'],
      ['spoor.config.cjs', 'module.exports = () => ({})', 'SPOOR_INVALID_OPTION', 'function'],
      ['spoor.config.cjs', 'module.exports = Promise.resolve({})', 'SPOOR_INVALID_OPTION', 'object'],
      ['spoor.config.mjs', 'export const traceAll = true', 'SPOOR_UNKNOWN_EXPORT', '"default"'],
      ['spoor.config.mjs', 'export default await 1', 'SPOOR_MODULE_ASYNC', '`await`'],
      ['package.json', '{ "spoor": { "traceAll": tru', 'SPOOR_CONFIG_UNREADABLE', 'JSON'],
      ['package.json', { spoor: 'yes' }, 'SPOOR_INVALID_OPTION', 'the key "spoor"'],
    ]
    for (const [file, text, code, said] of cases) {
      const folder = folderWith({ [file]: text })
      refused(() => resolve(folder), code, join(folder, file), said)
    }
  })

  test('a package.json without the key is nobody’s business, even where it is damaged or names the package', () => {
    assert.equal(resolve(folderWith({ 'package.json': '{ damaged' })).origins.size, 0)
    assert.equal(resolve(folderWith({ 'package.json': { dependencies: { spoor: '1' } } })).origins.size, 0)
  })
})

describe('what stands in a file', () => {
  for (const [file, wrap] of [
    ['spoor.config.json', (options: object) => options],
    ['package.json', (options: object) => ({ spoor: options })],
  ] as const) {
    test(`PYR-Q08: ${file}: a name that does not exist is refused, naming the file and the nearest`, () => {
      for (const [options, code, right] of [
        [{ tracAll: true }, 'SPOOR_UNKNOWN_OPTION', '"traceAll"'],
        [{ startSpanCallbak: './x.js#y' }, 'SPOOR_UNKNOWN_OPTION', '"startSpanCallback"'],
        [{ ignore: { path: [] } }, 'SPOOR_UNKNOWN_RULE', '"paths"'],
        [{ limits: { event: 1 } }, 'SPOOR_UNKNOWN_LIMIT', '"events"'],
        [{ exporters: ['oltp'] }, 'SPOOR_UNKNOWN_EXPORTER', '"otlp"'],
        [{ propagators: ['b4'] }, 'SPOOR_UNKNOWN_PROPAGATOR', '"b3"'],
        [{ disable: ['expres'] }, 'SPOOR_UNKNOWN_INSTRUMENTATION', '"express"'],
        [{ toString: 1 }, 'SPOOR_UNKNOWN_OPTION', 'Known are'],
      ] as const) {
        const folder = folderWith({ [file]: wrap(options) })
        refused(() => resolve(folder), code, join(folder, file), right)
      }
    })

    test(`${file}: a value of the wrong kind is refused, naming the file, the key and what it should be`, () => {
      for (const [options, key, expected] of [
        [{ traceAll: 'true' }, 'traceAll', 'a boolean'],
        [{ serviceName: 7 }, 'serviceName', 'a string'],
        [{ tracedAttributes: 7 }, 'tracedAttributes', 'a list'],
        [{ tracer: 'jaeger' }, 'tracer', 'package#export'],
        [{ startSpanCallback: 'onStart' }, 'startSpanCallback', './file.js#export'],
        [{ startSpanCallback: {} }, 'startSpanCallback', 'a function'],
        [{ ignore: { paths: '/health' } }, 'ignore.paths', 'a list'],
        [{ ignore: { when: 'boring' } }, 'ignore.when', 'a function'],
        [{ limits: { events: -1 } }, 'events', 'a whole number'],
        [{ logLevel: null }, 'logLevel', '"warn"'],
      ] as const) {
        const folder = folderWith({ [file]: wrap(options) })
        refused(() => resolve(folder), 'SPOOR_INVALID_OPTION', join(folder, file), key, expected)
      }
    })
  }

  test('a secret among the traced attributes is refused by the name of the file or of the variable', () => {
    const folder = folderWith({ 'spoor.config.json': { tracedAttributes: ['headers.cookie'] } })
    refused(() => resolve(folder), 'SPOOR_SECRET_ATTRIBUTE', 'spoor.config.json', 'headers.cookie')
    refused(
      () => resolve('/', { SPOOR_TRACED_ATTRIBUTES: 'method headers.cookie' }),
      'SPOOR_SECRET_ATTRIBUTE',
      'SPOOR_TRACED_ATTRIBUTES',
    )
  })

  test('PYR-C03: callbacks are named by strings in JSON, from the file that they stand in', () => {
    const folder = folderWith({
      'package.json': { spoor: { finishSpanCallback: './lib/hooks.mjs#finish' } },
      'lib/spoor.config.json': {
        startSpanCallback: './hooks.mjs#start',
        operationName: './hooks.mjs#name',
        ignore: { when: './hooks.mjs', whenRouted: '../lib/hooks.mjs#routed' },
        sampler: 'hooked#sampler',
      },
      'lib/hooks.mjs': `export const start = (span) => span.setTag('started', true)
        export const finish = () => {}
        export const name = () => 'named'
        export const routed = () => false
        export default () => true`,
      'node_modules/hooked/index.js': 'exports.sampler = { sample: () => 7 }',
    })
    const { policy, sampler, origins } = resolve(join(folder, 'lib'))
    assert.ok(policy?.ignores({}, { method: 'GET', url: '/', headers: {} } as never))
    assert.equal((sampler.sample as () => unknown)(), 7)
    assert.equal(origins.get('finishSpanCallback'), `the key "spoor" of ${join(folder, 'package.json')}`)
  })

  test('PYR-Q05: a callback that is named and is not there stops the start', () => {
    for (const [name, code, ...said] of [
      ['./hooks.js#onStrat', 'SPOOR_UNKNOWN_EXPORT', '"onStart"'],
      ['./hooks.js#toString', 'SPOOR_UNKNOWN_EXPORT', 'onStart'],
      ['./hook.js#onStart', 'SPOOR_MODULE_NOT_FOUND', './hook.js'],
      ['no-such-package#onStart', 'SPOOR_MODULE_NOT_FOUND', 'no-such-package'],
      ['./hooks.js#text', 'SPOOR_INVALID_OPTION', 'a function'],
      ['./throws.js#onStart', 'SPOOR_MODULE_FAILED', 'broken hook'],
      ['./awaits.mjs#onStart', 'SPOOR_MODULE_ASYNC', 'await'],
    ] as const) {
      const folder = folderWith({
        'hooks.js': 'exports.onStart = () => {}; exports.text = "text"',
        'throws.js': 'throw new Error("broken hook")',
        'awaits.mjs': 'await 1; export const onStart = () => {}',
        'spoor.config.json': { startSpanCallback: name },
      })
      refused(() => resolve(folder), code, join(folder, 'spoor.config.json'), 'startSpanCallback', ...said)
      refused(
        () => resolve(folder, { SPOOR_START_SPAN_CALLBACK: name }),
        code,
        'SPOOR_START_SPAN_CALLBACK',
        ...said,
      )
    }
  })

  test('a JavaScript file holds functions as they are', () => {
    const folder = folderWith({
      'spoor.config.mjs': `export default {
        startSpanCallback(span) { span.setOperationName('mine') },
        ignore: (request) => request.method === 'OPTIONS',
        tracedAttributes: [function shoe({ size }) { return size }],
      }`,
    })
    const { policy } = resolve(folder)
    assert.equal(policy?.ignores({ method: 'OPTIONS' }, {} as never), true)
    assert.equal(policy?.ignores({ method: 'GET' }, {} as never), false)
  })
})

describe('who decides', () => {
  const folder = folderWith({
    'package.json': {
      spoor: { serviceName: 'package', remoteParent: 'ignore', dialect: 'both', traceAll: false },
    },
    'spoor.config.json': {
      serviceName: 'file',
      remoteParent: 'restart',
      dialect: 'opentracing',
      exporters: ['none'],
      endpoint: 'http://file:1',
      headers: { from: 'file' },
      limits: { events: 1, links: 1 },
      resourceAttributes: { one: 'file', two: 'file' },
      ignore: { paths: ['/file'], methods: ['HEAD'] },
      rawStatements: true,
      secretParameters: ['Pin'],
    },
  })

  test('PYR-C09: code over environment over file over package.json', () => {
    const env = { OTEL_SERVICE_NAME: 'environment', SPOOR_REMOTE_PARENT: 'continue' }
    const from = (code: object, variables: object) => {
      const { serviceName, remoteParent, dialect, policy } = resolve(folder, variables, code)
      return [serviceName, remoteParent, dialect, policy?.traceAll]
    }
    assert.deepEqual(from({ serviceName: 'code' }, env), ['code', 'continue', 'opentracing', false])
    assert.deepEqual(from({}, env), ['environment', 'continue', 'opentracing', false])
    assert.deepEqual(from({}, {}), ['file', 'restart', 'opentracing', false])
    assert.deepEqual(from({ traceAll: true, serviceName: undefined }, {}), [
      'file',
      'restart',
      'opentracing',
      true,
    ])
  })

  test('each says where it comes from', () => {
    const { origins } = resolve(
      folder,
      { OTEL_BSP_SCHEDULE_DELAY: '5', SPOOR_IGNORE_PATHS: '/x' },
      { dialect: 'otel' },
    )
    const file = join(folder, 'spoor.config.json')
    assert.equal(origins.get('dialect'), 'code')
    assert.equal(origins.get('remoteParent'), file)
    assert.equal(origins.get('traceAll'), `the key "spoor" of ${join(folder, 'package.json')}`)
    assert.equal(origins.get('ignore'), `${file}, SPOOR_IGNORE_PATHS`)
    assert.equal(origins.get('OTEL_BSP_SCHEDULE_DELAY'), 'the environment')
    assert.equal(origins.has('sampler'), false)
  })

  test('limits, rules and attributes are brought together one by one', () => {
    const { limits, resourceAttributes, policy } = resolve(
      folder,
      {
        OTEL_SPAN_EVENT_COUNT_LIMIT: '2',
        OTEL_RESOURCE_ATTRIBUTES: 'one=environment,three=environment',
        SPOOR_IGNORE_PATHS: '/environment',
      },
      { limits: { attributes: 3 }, resourceAttributes: { three: 'code' } },
    )
    assert.deepEqual(limits, { events: 2, links: 1, attributes: 3 })
    assert.deepEqual(resourceAttributes, { one: 'environment', two: 'file', three: 'code' })
    const ignores = (method: string, url: string) =>
      policy?.ignores({}, { method, url, headers: {} } as never)
    assert.deepEqual(
      [ignores('GET', '/environment'), ignores('GET', '/file'), ignores('HEAD', '/')],
      [true, false, true],
    )
  })

  test('the address of the collector: an address for traces in the environment is stronger than a base in a file', () => {
    const traces = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://traces/exactly' }
    assert.equal(resolve(folder).endpoint, 'http://file:1')
    assert.equal(resolve(folder, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://env:2' }).endpoint, 'http://env:2')
    assert.equal(resolve(folder, traces).endpoint, undefined)
    assert.equal(resolve(folder, traces, { endpoint: 'http://code:3' }).endpoint, 'http://code:3')
    assert.deepEqual(resolve(folder).headers, { from: 'file' })
    assert.deepEqual(resolve(folder, { OTEL_EXPORTER_OTLP_HEADERS: 'from=env' }).headers, { from: 'env' })
  })

  test('what leaves the process: statements and secret parameters', () => {
    const { privacy } = resolve(folder)
    assert.equal(privacy.statements, true)
    assert.ok(privacy.secretParameters.has('pin'))
    assert.equal(resolve(folder, { SPOOR_STATEMENTS: 'masked' }).privacy.statements, false)
  })

  test('the name of the service may stand among the attributes of any source', () => {
    assert.equal(nameIn(folder, { OTEL_RESOURCE_ATTRIBUTES: 'service.name=environment' }), 'environment')
    const named = { OTEL_SERVICE_NAME: 'environment' }
    assert.equal(nameIn(folder, named, { resourceAttributes: { 'service.name': 'code' } }), 'code')
  })

  test('OTEL_SDK_DISABLED works even where files and names are broken', () => {
    const broken = folderWith({ 'spoor.config.json': '{ broken' })
    const off = { OTEL_SDK_DISABLED: 'true', SPOOR_START_SPAN_CALLBACK: './no-such-file.js' }
    assert.equal(resolve(broken, off).enabled, false)
    assert.equal(resolve(broken, {}, { enabled: false }).enabled, false)
    assert.equal(resolve(folderWith({ 'spoor.config.json': { enabled: false } })).enabled, false)
    refused(() => resolve(broken, off, { enabled: true }), 'SPOOR_CONFIG_UNREADABLE')
  })
})

describe('settings of requests from the environment', () => {
  const policy = (env: object) => resolve('/', env).policy
  const view = (method: string, url: string, userAgent = '') =>
    ({ method, url, headers: { 'user-agent': userAgent } }) as never

  test('PYR-C01, TOR-C03: tracing everything is on, and is switched by `true` and `false` as text', () => {
    assert.equal(policy({}), null)
    assert.equal(policy({ SPOOR_TRACE_ALL: 'true' })?.traceAll, true)
    assert.equal(policy({ SPOOR_TRACE_ALL: 'False' })?.traceAll, false)
    refused(() => policy({ SPOOR_TRACE_ALL: 'maybe' }), 'SPOOR_INVALID_VARIABLE', 'SPOOR_TRACE_ALL')
  })

  test('requests to be ignored', () => {
    const rules = policy({
      SPOOR_IGNORE_PATHS: '/health\n/static/*',
      SPOOR_IGNORE_METHODS: 'options, head',
      SPOOR_IGNORE_USER_AGENTS: 'kube-probe, Google Health',
    })
    const ignores = (method: string, url: string, userAgent?: string) =>
      rules?.ignores({}, view(method, url, userAgent))
    for (const [method, url, userAgent] of [
      ['GET', '/health?x'],
      ['GET', '/static/a.png'],
      ['OPTIONS', '/'],
      ['HEAD', '/'],
      ['GET', '/', 'kube-probe/1.30'],
      ['GET', '/', 'a google health check'],
    ] as const)
      assert.equal(ignores(method, url, userAgent), true, `${method} ${url} ${userAgent}`)
    assert.equal(ignores('GET', '/healthy', 'Google Chrome'), false)
  })
})
