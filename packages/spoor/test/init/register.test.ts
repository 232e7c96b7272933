import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Outcome, runNode } from '../compliance/processes.ts'

const register = new URL('../../dist/bundle/register.cjs', import.meta.url)
const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../test/init/fixtures/${name}`, import.meta.url))

const doors = {
  '--import': ['--import', register.href],
  '-r': ['-r', fileURLToPath(register)],
} as const

const serve = (door: keyof typeof doors, env: NodeJS.ProcessEnv): Promise<Outcome> =>
  runNode([...doors[door], fixture('server.mjs')], { env })

describe('spoor/register', () => {
  for (const door of Object.keys(doors) as (keyof typeof doors)[]) {
    test(`${door}: a healthy environment traces, silently`, async () => {
      const { code, stdout, stderr } = await serve(door, { OTEL_TRACES_EXPORTER: 'none' })
      assert.deepEqual(JSON.parse(stdout), { body: 'hello', patched: true })
      assert.equal(stderr, '')
      assert.equal(code, 5)
    })

    test(`${door}: a mistake in the environment is one line on stderr; the application runs, with its own exit code`, async () => {
      for (const [env, said] of [
        [{ SPOOR_DIALCT: 'otel' }, /Did you mean SPOOR_DIALECT.*\[SPOOR_UNKNOWN_VARIABLE\]/],
        [{ SPOOR_DIALECT: 'klingon' }, /SPOOR_DIALECT is "klingon".*`otel`.*\[SPOOR_INVALID_VARIABLE\]/],
        [{ SPOOR_DISABLE: 'expres' }, /"express".*\[SPOOR_UNKNOWN_INSTRUMENTATION\]/],
        [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'not an address' }, /not an address.*\[SPOOR_/],
        [{ OTEL_TRACES_EXPORTER: 'file', SPOOR_FILE: '/nowhere/at/all.jsonl' }, /nowhere.*\[SPOOR_/],
      ] as const) {
        const { code, stdout, stderr } = await serve(door, env)
        assert.deepEqual(JSON.parse(stdout), { body: 'hello', patched: false })
        assert.match(stderr, /^spoor: tracing is off: /)
        assert.match(stderr, said)
        assert.equal(stderr.trim().split('\n').length, 1, stderr)
        assert.equal(code, 5)
      }
    })

    test(`${door}: a mistake in an OTEL_ variable costs the setting, not the tracing`, async () => {
      const { code, stdout, stderr } = await serve(door, {
        OTEL_TRACES_EXPORTER: 'none',
        OTEL_PROPAGATORS: 'b4',
        OTEL_TRACES_SAMPLER: 'most',
      })
      assert.deepEqual(JSON.parse(stdout), { body: 'hello', patched: true })
      assert.match(stderr, /OTEL_PROPAGATORS names "b4", which there is not\. Did you mean "b3"/)
      assert.match(stderr, /OTEL_TRACES_SAMPLER is "most"; it should be .*The default is used/)
      assert.equal(code, 5)
    })

    test(`${door}: OTEL_SDK_DISABLED patches nothing and says nothing`, async () => {
      const { code, stdout, stderr } = await serve(door, { OTEL_SDK_DISABLED: 'true' })
      assert.deepEqual(JSON.parse(stdout), { body: 'hello', patched: false })
      assert.equal(stderr, '')
      assert.equal(code, 5)
    })
  }

  test('an absent collector is said once, and changes neither output nor exit code', async () => {
    const { code, stdout, stderr } = await serve('--import', {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
    })
    assert.deepEqual(JSON.parse(stdout), { body: 'hello', patched: true })
    assert.equal(stderr.trim().split('\n').length, 1, stderr)
    assert.match(stderr, /127\.0\.0\.1:9/)
    assert.equal(code, 5)
  })
})
