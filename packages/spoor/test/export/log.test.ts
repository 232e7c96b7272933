import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import * as log from '../../dist/esm/log.js'

describe("the library's own voice", () => {
  let lines: string[]
  let restore: () => void

  beforeEach(() => {
    lines = []
    log.resetLog()
    restore = log.setLogWriter((line) => lines.push(line))
  })

  afterEach(() => {
    restore()
    log.setLogLevel('warn')
  })

  it('says every cause once, with the message of the error', () => {
    assert.equal(log.report('cause', 'it broke; mend it', new Error('why')), true)
    assert.equal(log.report('cause', 'it broke; mend it', new Error('why')), false)
    log.report('other cause', 'another thing')
    assert.deepEqual(lines, ['spoor: it broke; mend it: why', 'spoor: another thing'])
  })

  it('says it again after the cause was forgotten', () => {
    log.report('cause', 'it broke')
    log.forget('cause')
    log.report('cause', 'it broke')
    assert.equal(lines.length, 2)
  })

  it('prints codes with their messages', () => {
    log.report('SPOOR_SOMETHING', 'it broke')
    assert.deepEqual(lines, ['spoor: it broke [SPOOR_SOMETHING]'])
  })

  it('says less or more as its level asks', () => {
    log.setLogLevel('silent')
    log.report('one', 'one', undefined, 'error')
    log.setLogLevel('error')
    log.report('two', 'two')
    log.setLogLevel('debug')
    log.debug('three')
    log.info('four')
    log.report('five', 'five', new Error('with its stack'))
    assert.deepEqual(lines.slice(0, 2), ['spoor: three', 'spoor: four'])
    assert.match(lines[2] as string, /with its stack\n {4}at /)
  })

  it('survives errors that cannot be read, and a writer that throws', () => {
    const hostile = {
      toString(): string {
        throw new Error('no')
      },
    }
    log.report('hostile', 'message', hostile)
    log.report('symbol', 'message', Symbol('s'))
    assert.equal(lines.length, 2)
    log.setLogWriter(() => {
      throw new Error('gone')
    })
    assert.equal(log.report('gone', 'message'), false)
  })

  it('is bounded in causes and in length', () => {
    for (let index = 0; index < 2000; index++) log.report(`cause ${index}`, 'x'.repeat(10_000))
    assert.ok(lines.length <= 500)
    assert.ok((lines[0] as string).length < 2100)
  })

  it('is one voice for the ES module and the CommonJS copy', () => {
    const copy = createRequire(import.meta.url)('../../dist/cjs/log.js') as typeof log
    log.report('shared cause', 'said once')
    copy.report('shared cause', 'said once')
    copy.setLogLevel('error')
    assert.equal(log.logLevel(), 'error')
    assert.equal(lines.length, 1)
  })

  it('goes to stderr, and a closed stderr does not harm the application', async () => {
    const path = fileURLToPath(new URL('../../dist/esm/log.js', import.meta.url))
    const script = `import { report } from ${JSON.stringify(path)}
      report('one', 'to stderr')
      process.stdin.once('data', () => {
        for (let index = 0; index < 100; index++) report(String(index), 'to nobody')
        setTimeout(() => console.log('alive'), 10)
        process.stdin.destroy()
      })`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script])
    let stdout = ''
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk
    })
    const [line] = (await once(child.stderr, 'data')) as [Buffer]
    assert.equal(line.toString(), 'spoor: to stderr\n')
    child.stderr.destroy()
    child.stdin.write('go on')
    const [code] = (await once(child, 'close')) as [number]
    assert.equal(code, 0)
    assert.equal(stdout, 'alive\n')
  })
})
