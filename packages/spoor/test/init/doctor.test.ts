import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Outcome, runNode } from '../compliance/processes.ts'

const cli = fileURLToPath(new URL('../../dist/esm/cli.js', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'spoor doctor '))
after(() => rmSync(folder, { recursive: true, force: true }))

const spoor = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
  runNode([cli, ...args], { cwd: folder, env: { OTEL_TRACES_EXPORTER: 'none', ...env } })

/** One library's line of the table. */
const line = (text: string, library: string): string =>
  text.split('\n').find((each) => each.startsWith(`${library} `)) ?? ''

function install(name: string, manifest: string): void {
  mkdirSync(join(folder, 'node_modules', name), { recursive: true })
  writeFileSync(join(folder, 'node_modules', name, 'package.json'), manifest)
}

describe('spoor doctor', () => {
  test('in a folder: what is installed, how it would be hooked, and what would not be', async () => {
    install('express', '{ "name": "express", "version": "5.1.0" }')
    install('koa', '{ "name": "koa", "version": "1.7.0" }')
    install('pg', '{ broken')
    install('redis', '{ "name": "redis", "version": "5.12.1" }')
    const { code, stdout, stderr } = await spoor(['doctor'])
    assert.equal(code, 0)
    assert.equal(stderr, '')
    assert.match(line(stdout, 'express'), /5\.1\.0 +when loaded$/)
    assert.match(line(stdout, 'koa'), /1\.7\.0 +not +version 1\.7\.0 is outside of >=2 <4$/)
    assert.match(line(stdout, 'pg'), /– +not +its package\.json cannot be read$/)
    assert.match(line(stdout, 'redis'), /5\.12\.1 +channels of its own$/)
    assert.match(line(stdout, 'http'), /prototypes of the built-in module$/)
    assert.equal(line(stdout, 'ioredis'), '')
    assert.match(stdout, /not installed in this folder: `npm install spoor`/)
    assert.match(stdout, /node --import spoor\/register app\.js/)
  })

  test('around a program: its output, its exit code, and what came of every library', async () => {
    writeFileSync(
      join(folder, 'app.cjs'),
      `const { createServer, get } = require('node:http')
       const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1', () =>
         get({ port: server.address().port, host: '127.0.0.1' }, (response) =>
           response.resume().on('end', () => { console.log('the program'); server.close() })))
       process.exitCode = 3`,
    )
    const { code, stdout, stderr } = await spoor(['doctor', '--', process.execPath, 'app.cjs'])
    assert.equal(code, 3)
    assert.equal(stdout, 'the program\n')
    assert.match(line(stderr, 'http'), /prototypes of the built-in module +2$/)
    assert.match(line(stderr, 'pg'), /not loaded +0$/)
  })

  test('a program that dies of a signal is told as shells tell it', async () => {
    const { code } = await spoor([
      'doctor',
      '--',
      process.execPath,
      '-e',
      'process.kill(process.pid, "SIGKILL")',
    ])
    assert.equal(code, 137)
  })

  test('mistakes on the command line end with 2 and a sentence', async () => {
    for (const [args, said] of [
      [['docter'], 'There is no command "docter". Did you mean doctor?\n'],
      [['doctor', 'app.js'], 'There is no argument "app.js". See spoor --help.\n'],
      [['doctor', '--'], 'There is no program after "--". Write: spoor doctor -- node app.js\n'],
      [['doctor', '--', 'no-such-program'], 'Cannot start no-such-program: spawn no-such-program ENOENT\n'],
    ] as const) {
      const { code, stdout, stderr } = await spoor(args)
      assert.equal(code, 2)
      assert.equal(stdout, '')
      assert.equal(stderr, said)
    }
  })

  test('help and version', async () => {
    for (const args of [[], ['--help'], ['-h']]) {
      const { code, stdout } = await spoor(args)
      assert.equal(code, 0)
      assert.match(stdout, /spoor doctor -- node app\.js/)
    }
    assert.match((await spoor(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/)
  })
})
