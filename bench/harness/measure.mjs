/** One measurement: one application under one contestant, started, warmed up, loaded, and counted. */
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { apps } from '../apps/index.mjs'
import { tracers } from '../tracers/index.mjs'
import { cpuMicroseconds, memory } from './proc.mjs'
import { run, startServer } from './process.mjs'

const folder = fileURLToPath(new URL('..', import.meta.url))
const loadFile = fileURLToPath(new URL('../load.mjs', import.meta.url))

const calibrationRequests = 20
// The optimising compiler has not seen enough before.
const leastWarmup = 8000
const pollMs = 50
// Everybody flushes once a second; when nothing has come for this long, nothing more will.
const quietMs = 2000

/**
 * @param {object} setting
 * @param {string} setting.app
 * @param {string} setting.tracer
 * @param {string} setting.node the binary that runs the application
 * @param {string} setting.sink URL of the sink
 * @param {Record<string, string>} setting.services environment that leads to PostgreSQL, Redis and the upstream
 * @param {number} setting.core core of the application
 * @param {number} setting.requests
 * @param {number} setting.connections
 */
export async function measure({ app, tracer, node, sink, services, core, requests, connections }) {
  const server = await startApplication({ app, tracer, node, sink, services, core })
  const url = `http://127.0.0.1:${server.port}${apps[app].path}`
  try {
    // The warm-up also opens all connections to databases, whose spans belong to no request.
    await load(node, url, Math.max(Math.ceil(requests / 2), leastWarmup), connections)
    await settled(sink, await counts(sink), Infinity)
    const calibrated = await calibrate(url, sink)

    const before = { cpu: cpuMicroseconds(server.pid), ...(await counts(sink)) }
    const { answered, seconds, latencyMs } = await load(node, url, requests, connections)
    const busy = (cpuMicroseconds(server.pid) - before.cpu) / 1e6 / seconds
    const { residentMb, peakMb } = memory(server.pid)
    const expected = calibrated.spans * answered
    const after = await settled(sink, before, expected)
    const cpu = cpuMicroseconds(server.pid) - before.cpu

    return {
      app,
      tracer,
      requests: answered,
      cpuMicros: cpu / answered,
      requestsPerSecond: answered / seconds,
      busy,
      latencyMs,
      residentMb,
      peakMb,
      spansPerRequest: calibrated.spans,
      serversPerRequest: calibrated.servers,
      spansExpected: expected,
      spansReceived: after.spans - before.spans,
      exportBytes: after.bytes - before.bytes,
    }
  } finally {
    await server.stop()
  }
}

/**
 * Starts an application and stops it when it listens.
 *
 * @returns {Promise<{ startMs: number, startCpuMs: number }>} time from the spawn, and CPU time, which does not
 *   depend on who else uses the core
 */
export async function measureStart(setting) {
  const server = await startApplication(setting)
  const startCpuMs = cpuMicroseconds(server.pid) / 1000
  await server.stop()
  return { startMs: server.startMs, startCpuMs }
}

function startApplication({ app, tracer, node, sink, services, core }) {
  const { preload, environment } = tracers[tracer]
  return startServer([node, ...preload(), apps[app].file], {
    core,
    cwd: folder,
    env: { ...environment({ sink, app }), ...(apps[app].services ? services : {}) },
  })
}

/** How many spans one request leaves, found out one request after the other, when nothing can be lost. */
async function calibrate(url, sink) {
  const before = await counts(sink)
  for (let i = 0; i < calibrationRequests; i++) {
    const response = await fetch(url)
    const body = await response.text()
    if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${body.slice(0, 500)}`)
  }
  const after = await settled(sink, before, Infinity)
  return {
    spans: (after.spans - before.spans) / calibrationRequests,
    servers: (after.servers - before.servers) / calibrationRequests,
  }
}

async function load(node, url, amount, connections) {
  const result = JSON.parse(
    await run([node, loadFile, JSON.stringify({ url, amount, connections })], { cwd: folder }),
  )
  if (result.errors + result.refused > 0 || result.answered !== amount) {
    throw new Error(
      `${url}: of ${amount} requests ${result.refused} were refused and ${result.errors} failed`,
    )
  }
  return result
}

/** Waits until the expected spans have arrived, or none has for a while. */
async function settled(sink, before, expected) {
  let last = await counts(sink)
  let changed = performance.now()
  while (last.spans - before.spans < expected && performance.now() - changed < quietMs) {
    await sleep(pollMs)
    const next = await counts(sink)
    if (next.spans !== last.spans) changed = performance.now()
    last = next
  }
  return last
}

async function counts(sink) {
  const found = await (await fetch(`${sink}/counts`)).json()
  if (found.malformed > 0) throw new Error('the sink could not read an export; its stderr says which')
  return found
}
