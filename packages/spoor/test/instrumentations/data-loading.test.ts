import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, describe, it } from 'node:test'
import { postgresUrl, redisUrl, skipped } from '../support/services.ts'

const require = createRequire(import.meta.url)

/** Once each, one after the other. */
const use = `
const runs = {
  async pg({ Client }) {
    const client = new Client({ connectionString: process.env.POSTGRES })
    await client.connect()
    await client.query('SELECT 1')
    await client.end()
  },
  async redis({ createClient }) {
    const client = createClient({ url: process.env.REDIS })
    await client.connect()
    await client.get('key')
    await (client.destroy ?? client.disconnect).call(client)
  },
  async ioredis(Redis) {
    const client = new Redis(process.env.REDIS)
    await client.get('key')
    client.disconnect()
  },
}
async function useAll(libraries) {
  for (const [name, library] of Object.entries(libraries)) {
    await runs[name.replace(/\\d+$/, '')](library.default ?? library)
  }
}`

const names = ['pg', 'pg80', 'redis', 'redis5', 'redis58', 'redis4', 'ioredis', 'ioredis5', 'ioredis4']
const spans = ['SELECT', 'SELECT', 'connect', 'GET', 'connect', 'GET', 'GET', 'GET', 'GET', 'GET', 'GET']
/** The commands of node-redis 4 can only be traced from before it is loaded. */
const lateSpans = spans.slice(0, -1)

const required = `const libraries = { ${names.map((name) => `${name}: require('${name}')`).join(', ')} }`
const imported = `${names.map((name) => `import ${name} from '${name}'`).join('\n')}
const libraries = { ${names.join(', ')} }`

const report = `
const { MemorySink } = sinks
const sink = new MemorySink()
spoor.init({ exporters: [sink] })`
const end = `
console.log(JSON.stringify(sink.spans.map(({ name }) => name)))`

/** Application as people write it, arguments of node, what is to be recorded. */
const applications: [title: string, file: string, source: string, expected: string[]][] = [
  [
    'required after us',
    'after.cjs',
    `const spoor = require('spoor'); const sinks = require('spoor/export')${report}
${required}
useAll(libraries).then(() => {${end}
})`,
    spans,
  ],
  [
    'required before us',
    'before.cjs',
    `${required}
const spoor = require('spoor'); const sinks = require('spoor/export')${report}
useAll(libraries).then(() => {${end}
})`,
    lateSpans,
  ],
  [
    'imported before us, as every static import is',
    'before.mjs',
    `${imported}
import * as spoor from 'spoor'; import * as sinks from 'spoor/export'${report}
await useAll(libraries)${end}`,
    lateSpans,
  ],
  [
    'imported dynamically after us',
    'after.mjs',
    `import * as spoor from 'spoor'; import * as sinks from 'spoor/export'${report}
const libraries = {}
for (const name of ${JSON.stringify(names)}) libraries[name] = await import(name)
await useAll(libraries)${end}`,
    spans,
  ],
  [
    'loaded before us, handed over by hand and required again',
    'twice.cjs',
    `${required}
const spoor = require('spoor'); const sinks = require('spoor/export')${report}
for (const library of Object.values(libraries)) spoor.instrument(library)
for (const name of Object.keys(libraries)) libraries[name] = require(name)
useAll(libraries).then(() => {${end}
})`,
    lateSpans,
  ],
]

describe('databases are traced, each call once, when their libraries are', {
  skip: skipped('redis') || skipped('postgres'),
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-data-'))
  symlinkSync(join(require.resolve('pg/package.json'), '../..'), join(folder, 'node_modules'), 'dir')
  after(() => rmSync(folder, { recursive: true, force: true }))

  async function run(args: string[], environment: object = {}): Promise<{ out: string; errors: string }> {
    const child = spawn(process.execPath, args, {
      cwd: folder,
      env: {
        PATH: process.env['PATH'] ?? '',
        POSTGRES: postgresUrl(),
        REDIS: redisUrl(),
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 20_000,
    })
    const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
    return { out, errors }
  }

  for (const [title, file, source, expected] of applications) {
    it(title, async () => {
      writeFileSync(join(folder, file), `${use}\n${source}`)
      const { out, errors } = await run([file])
      assert.deepEqual(JSON.parse(out.trim().split('\n').at(-1) || 'null'), expected, errors)
      const late = expected === lateSpans
      assert.equal(errors.includes('@redis/client 1.6.1 was loaded before Spoor'), late, errors)
    })
  }

  for (const [flag, file, source] of [
    ['--import', 'plain.mjs', `${imported}\nawait useAll(libraries)`],
    ['--import', 'plain.cjs', `${required}\nuseAll(libraries)`],
    ['-r', 'plain.mjs', `${imported}\nawait useAll(libraries)`],
    ['-r', 'plain.cjs', `${required}\nuseAll(libraries)`],
  ] as const) {
    it(`loaded by ${file}, which says nothing of us, under ${flag} spoor/register`, async () => {
      writeFileSync(join(folder, file), `${use}\n${source}`)
      const { errors } = await run([flag, 'spoor/register', file], {
        OTEL_TRACES_EXPORTER: 'file',
        SPOOR_FILE: `${flag}.${file}.json`,
      })
      // What pg 8.0 itself says of pg-native on Node 24 is none of ours.
      assert.doesNotMatch(errors, /^spoor:/m)
      assert.deepEqual(spansIn(readFileSync(join(folder, `${flag}.${file}.json`), 'utf8')), spans)
    })
  }
})

/** Names of the spans in lines of OTLP JSON, in the order of their start. */
function spansIn(lines: string): string[] {
  const all = lines
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .flatMap((line) => JSON.parse(line).resourceSpans)
    .flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap(({ spans }) => spans as { name: string; startTimeUnixNano: string }[])
  return all
    .toSorted((a, b) => Number(BigInt(a.startTimeUnixNano) - BigInt(b.startTimeUnixNano)))
    .map(({ name }) => name)
}
