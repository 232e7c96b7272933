import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { init } from 'spoor'
import { runNode } from '../compliance/processes.ts'

interface Sent {
  readonly name: string
  readonly kind: string
  readonly attributes: { readonly [key: string]: unknown }
}

describe('requests under the options of init(), with no tracing object', () => {
  let spans: Sent[] = []
  let calls: unknown[] = []
  before(async () => {
    const file = fileURLToPath(new URL('../../test/init/fixtures/server-options.mjs', import.meta.url))
    const { code, stdout, stderr } = await runNode([file])
    assert.equal(code, 0, stderr)
    ;({ spans, calls } = JSON.parse(stdout))
  })
  const server = (name: string): Sent => {
    const found = spans.find((span) => span.kind === 'server' && span.name === name)
    assert.ok(found, `there is no server span ${name}: ${spans.map((span) => span.name).join(', ')}`)
    return found
  }

  test('PYR-B05, FLK-B06, TOR-B04: traced attributes are told, those that are known late too, and the missing left out', () => {
    const { attributes } = server('GET /users/:id')
    assert.equal(attributes['headers.x-shop'], 'berlin')
    assert.equal(attributes['params.id'], '7')
    assert.ok(!('missing' in attributes))
  })

  test('PYR-B06, FLK-B07, TOR-B08: the callback at the start sees the request and sets what it likes', () => {
    assert.equal(server('GET /users/:id').attributes['started'], 'GET')
  })

  test('the callback at the end gets the response as it was sent, and the error that an error handler took', () => {
    assert.deepEqual(calls, [
      ['7', 200, null],
      [null, 500, 'boom'],
    ])
  })

  test('OPI-C02: the first configured header that is there names the caller', () => {
    assert.equal(server('GET /users/:id').attributes['peer.service'], 'gateway')
  })

  test('what is ignored leaves no span: by path, method, user agent, and by route with all that came before it', () => {
    assert.deepEqual(
      spans.map(({ name }) => name),
      ['before the route', 'work', 'GET /users/:id', 'before the route', 'GET /boom'],
    )
  })
})

describe('mistakes in these options', () => {
  const refused = (options: object): { code: string; message: string } => {
    try {
      init(options)
    } catch (error) {
      return error as { code: string; message: string }
    }
    return assert.fail('it was taken')
  }

  test('a secret is not told: the path that asks for it is refused, with the remedy', () => {
    for (const path of [
      'headers.authorization',
      'headers.Cookie',
      'session',
      'body.password',
      'query.api_key',
      'headers',
      'body',
    ]) {
      const { code, message } = refused({ tracedAttributes: [path] })
      assert.equal(code, 'SPOOR_SECRET_ATTRIBUTE', path)
      assert.match(message, /give a function/)
    }
  })

  test('a rule that there is not is refused, naming the nearest', () => {
    const { code, message } = refused({ ignore: { path: ['/health'] } })
    assert.equal(code, 'SPOOR_UNKNOWN_RULE')
    assert.match(message, /Did you mean "paths"\?/)
  })

  test('PYR-A01, FLK-A05, TOR-A03: a callback that is no function is refused', () => {
    for (const name of ['startSpanCallback', 'finishSpanCallback']) {
      assert.equal(refused({ [name]: 'not a function' }).code, 'SPOOR_INVALID_OPTION')
    }
  })
})
