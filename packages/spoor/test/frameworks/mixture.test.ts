import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runNode } from '../compliance/processes.ts'

interface Sent {
  readonly name: string
  readonly kind: number
  readonly spanId: string
  readonly status?: { readonly code?: number }
  readonly attributes?: { readonly key: string; readonly value: { readonly stringValue?: string } }[]
  readonly events?: { readonly name: string }[]
}

describe('the flag, a tracing object and a mark, each from another copy of the package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-mixture-'))
  let servers: Sent[] = []
  let names: string[] = []
  let calls: string[] = []
  after(() => rmSync(folder, { recursive: true, force: true }))

  before(async () => {
    const file = join(folder, 'spans.jsonl')
    const fixture = fileURLToPath(new URL('../../test/frameworks/fixtures/mixture.mjs', import.meta.url))
    const env = { OTEL_TRACES_EXPORTER: 'file', SPOOR_FILE: file, SPOOR_DISABLE: 'undici' }
    const { code, stdout, stderr } = await runNode(['--import', 'spoor/register', fixture], {
      cwd: fileURLToPath(new URL('../../test/frameworks/fixtures/', import.meta.url)),
      env,
    })
    assert.equal(code, 0, stderr)
    assert.equal(stderr, '')
    calls = JSON.parse(stdout)
    const spans = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .flatMap((line): Sent[] => JSON.parse(line).resourceSpans[0].scopeSpans[0].spans)
    names = spans.map(({ name }) => name)
    servers = spans.filter(({ kind }) => kind === 2)
  })

  test('PYR-B09, FLK-B08, TOR-B06: make one server span per request', () => {
    assert.deepEqual(names, ['work', 'GET /users/:id', 'GET /boom/:id'])
  })

  test('tell it what each of them was asked to tell', () => {
    const told = servers[0]?.attributes?.map(({ key, value }) => [key, value.stringValue])
    assert.deepEqual(Object.fromEntries(told ?? [])['params.id'], '7')
    assert.deepEqual(Object.fromEntries(told ?? [])['query.page'], '2')
    const failed = servers[1]?.attributes?.find(({ key }) => key === 'params.id')
    assert.equal(
      failed?.value.stringValue,
      '9',
      'Express takes the parameters away when an error is on its way',
    )
  })

  test('call back, both of them, with the same span, the response and the error', () => {
    const [users, boom] = servers
    const of = (who: string): string[] => calls.filter((call) => call.startsWith(who))
    for (const who of ['all', 'marks']) {
      assert.deepEqual(of(`${who} finish`), [
        `${who} finish ${users?.spanId} /users/7 200 undefined`,
        `${who} finish ${boom?.spanId} /boom/9 503 boom`,
      ])
    }
    assert.deepEqual(of('marks start'), [`marks start ${users?.spanId}`, `marks start ${boom?.spanId}`])
    assert.equal(of('all start').length, 3, 'a route is ignored only once it is known')
    assert.deepEqual([...of('same'), ...of('silent')], ['same true true', 'silent null'])
  })

  test('note an error once', () => {
    assert.deepEqual(
      servers[1]?.events?.map(({ name }) => name),
      ['exception'],
    )
    assert.equal(servers[1]?.status?.code, 2)
  })
})
