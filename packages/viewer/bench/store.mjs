/**
 * How fast the viewer takes spans in, and how fast it finds them again.
 *
 *     node packages/viewer/bench/store.mjs [--spans 1000000] [--batch 512] [--gzip] [--memory] [--profile]
 *
 * The viewer runs in a process of its own, with its store in a temporary file; the spans go in through its HTTP
 * endpoint. Counted is the CPU time of that process, receiver and store together, which other load on the machine
 * does not change much. Times of reading are those of a client, HTTP included.
 */
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { requests } from './spans.mjs'

const { values: options } = parseArgs({
  options: {
    spans: { type: 'string', default: '1000000' },
    batch: { type: 'string', default: '512' },
    gzip: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
  },
})
const spans = Number(options.spans)
const batch = Number(options.batch)
/** An SDK has one request on its way; several applications have several. */
const CONCURRENCY = 4
const READS = 200

if (process.send && process.argv[1] === fileURLToPath(import.meta.url) && process.env.BENCH_VIEWER)
  await serve()
else await measure()

async function serve() {
  const { startViewer } = await import('../dist/index.js')
  const viewer = await startViewer({
    otlpPort: 0,
    uiPort: 0,
    store: process.env.BENCH_VIEWER,
    maxBytes: 64 * 2 ** 30,
    report: console.error,
  })
  process.on('message', async (word) => {
    if (word === 'usage') process.send({ ...process.cpuUsage(), rss: process.memoryUsage.rss() })
    else await viewer.close().then(() => process.disconnect())
  })
  process.send(viewer)
}

async function measure() {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-bench-'))
  const file = options.memory ? ':memory:' : join(folder, 'traces.db')
  const child = fork(fileURLToPath(import.meta.url), process.argv.slice(2), {
    env: { ...process.env, BENCH_VIEWER: file },
    execArgv: options.profile ? ['--cpu-prof'] : [],
  })
  const answer = () => new Promise((resolve) => child.once('message', resolve))
  const ask = (word) => {
    child.send(word)
    return answer()
  }
  const viewer = await answer()
  const agent = new Agent({ keepAlive: true })

  const before = await ask('usage')
  const startedAt = performance.now()
  const source = requests(spans, { batch })
  const traceIds = []
  let bytes = 0
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      for (let next = source.next(); !next.done; next = source.next()) {
        const { body, traceId } = next.value
        bytes += body.length
        traceIds.push(traceId)
        await post(viewer.otlpUrl, agent, options.gzip ? gzipSync(body) : body)
      }
    }),
  )
  const seconds = (performance.now() - startedAt) / 1000
  const after = await ask('usage')
  const cpu = (after.user + after.system - before.user - before.system) / 1e6

  const status = JSON.parse(await get(`${viewer.url}/api/status`, agent))
  const ids = Array.from({ length: READS }, (_, i) => traceIds[Math.floor((i * traceIds.length) / READS)])
  const rows = {
    'newest 50 traces': await times(() => get(`${viewer.url}/api/traces?limit=50`, agent)),
    'trace by id': await times((i) => get(`${viewer.url}/api/traces/${ids[i]}`, agent)),
    'failed traces': await times(() => get(`${viewer.url}/api/traces?error=true`, agent)),
    'of one service': await times(() => get(`${viewer.url}/api/traces?service=orders-2`, agent)),
    'search, no match': await times(() => get(`${viewer.url}/api/traces?search=nowhere`, agent), 20),
    status: await times(() => get(`${viewer.url}/api/status`, agent)),
  }
  const detail = await times(async (i) => {
    const trace = JSON.parse(await get(`${viewer.url}/api/traces/${ids[i]}`, agent))
    await get(`${viewer.url}/api/traces/${ids[i]}/spans/${trace.spanId[0]}`, agent)
  })
  rows['trace and a span in full'] = detail
  child.send('close')
  await new Promise((resolve) => child.once('exit', resolve))
  const size = options.memory ? status.bytes : statSync(file).size
  rmSync(folder, { recursive: true })
  agent.destroy()

  console.log(`Node ${process.version}, ${viewer.engine}, ${options.memory ? 'in memory' : 'file'}`)
  console.log(
    `${status.spans} spans in ${status.traces} traces, batches of ${batch}${options.gzip ? ', gzip' : ''}, ${(bytes / spans).toFixed(0)} B per span`,
  )
  console.log(
    `in:      ${Math.round(spans / cpu)} spans per second of CPU (${((cpu / spans) * 1e6).toFixed(1)} µs per span), ${Math.round(spans / seconds)} by the clock`,
  )
  console.log(
    `store:   ${(size / 1e6).toFixed(0)} MB, ${(size / spans).toFixed(0)} B per span; resident ${(after.rss / 1e6).toFixed(0)} MB`,
  )
  for (const [name, ms] of Object.entries(rows)) {
    console.log(`${name.padEnd(26)} median ${quantile(ms, 0.5)} ms, p99 ${quantile(ms, 0.99)} ms`)
  }
  if (status.spans !== spans) throw new Error(`${spans} spans were sent, ${status.spans} arrived`)
}

async function times(action, count = READS) {
  const result = []
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    await action(i)
    result.push(performance.now() - start)
  }
  return result.sort((a, b) => a - b)
}

function quantile(sorted, q) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))].toFixed(2)
}

function post(url, agent, body) {
  const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
  if (options.gzip) headers['content-encoding'] = 'gzip'
  return exchange(`${url}/v1/traces`, { agent, method: 'POST', headers }, body)
}

function get(url, agent) {
  return exchange(url, { agent })
}

function exchange(url, settings, body) {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, settings, (response) => {
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        if (response.statusCode === 200) resolve(text)
        else reject(new Error(`${response.statusCode}: ${text}`))
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
