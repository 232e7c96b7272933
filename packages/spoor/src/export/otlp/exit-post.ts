import type { Target, TlsMaterial } from './endpoint.ts'

/** Requests to be sent while the process ends. */
export interface ExitRequest {
  target: Target
  tls: TlsMaterial
  headers: Record<string, string>
  gzip: boolean
  bodies: readonly (readonly Uint8Array[])[]
  /** Milliseconds for everything. */
  timeout: number
  /** The environment; a few variables of it that TLS and the loader need are handed on. */
  env: Record<string, string | undefined>
}

/** More than this is not sent any more while a process ends. */
const MAX_BYTES = 32 * 1024 * 1024

/**
 * Sends requests from the `exit` event, where nothing asynchronous runs any more: a child process of the same Node
 * does it while this one waits. It takes about 50 ms, so it is done only when something is left.
 *
 * @returns for each body, whether a collector has accepted it. Never throws.
 */
export function postAtExit(request: ExitRequest): boolean[] {
  const { bodies, env, ...job } = request
  const refused = bodies.map(() => false)
  // A program packed into a single executable, or Electron with its switch off, would start itself again.
  if (!NODE.test(process.execPath)) return refused
  const lengths = bodies.map((chunks) => chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  if (lengths.reduce((sum, length) => sum + length, 0) > MAX_BYTES) return refused
  try {
    const head = Buffer.from(JSON.stringify({ ...job, lengths }))
    const size = Buffer.alloc(4)
    size.writeUInt32LE(head.length)
    const child = process.getBuiltinModule('node:child_process').spawnSync(process.execPath, ['-e', SCRIPT], {
      // By stdin and not by argument or environment: headers hold credentials, which others could read there.
      input: Buffer.concat([size, head, ...bodies.flat()]),
      stdio: ['pipe', 'pipe', 'ignore'],
      // Node's start is not the request's fault, but neither may it keep a process from ending.
      timeout: request.timeout,
      killSignal: 'SIGKILL',
      maxBuffer: 64 * 1024,
      windowsHide: true,
      env: childEnvironment(env),
    })
    const statuses = JSON.parse(child.stdout.toString()) as number[]
    return refused.map((_, index) => (statuses[index] as number) >= 200 && (statuses[index] as number) < 300)
  } catch {
    return refused
  }
}

/** The file name of a plain runtime: node, nodejs, node20, node.exe. */
const NODE = /(?:^|[\\/])(?:node|nodejs|bun)[\d.-]*(?:\.exe)?$/i

/** Not NODE_OPTIONS, which would trace the child; not NODE_CHANNEL_FD, whose descriptor the child does not have. */
const HANDED_ON = [
  'PATH',
  'SystemRoot',
  'LD_LIBRARY_PATH',
  'DYLD_LIBRARY_PATH',
  'NODE_EXTRA_CA_CERTS',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'OPENSSL_CONF',
  'SSL_CERT_DIR',
  'SSL_CERT_FILE',
]

function childEnvironment(env: ExitRequest['env']): Record<string, string> {
  const entries = HANDED_ON.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))
  return Object.fromEntries(entries) as Record<string, string>
}

/**
 * Runs in the child, as CommonJS. A string, because a function's source would be what bundlers and coverage tools
 * have made of it, and a file would be missing from bundles.
 */
const SCRIPT = `
const parts = []
process.stdin.on('data', (part) => parts.push(part)).on('end', () => {
  const input = Buffer.concat(parts)
  const headEnd = 4 + input.readUInt32LE(0)
  const { target, tls, headers, gzip, lengths, timeout } = JSON.parse(input.subarray(4, headEnd))
  const http = require(target.protocol === 'https:' ? 'https' : 'http')
  const agent = new http.Agent({ ...tls, keepAlive: true, maxSockets: 4 })
  const statuses = lengths.map(() => 0)
  const done = () => { process.stdout.write(JSON.stringify(statuses), () => process.exit()) }
  setTimeout(done, Math.max(0, timeout * 0.9 - process.uptime() * 1000))
  let open = lengths.length
  let at = headEnd
  lengths.forEach((length, index) => {
    let body = input.subarray(at, at += length)
    if (gzip) body = require('zlib').gzipSync(body)
    let settled = false
    const settle = (status) => {
      if (settled) return
      settled = true
      statuses[index] = status
      if (--open === 0) done()
    }
    http.request({ ...target, agent, method: 'POST', headers: { ...headers, 'content-length': body.length } })
      .on('response', (response) => { response.resume(); settle(response.statusCode) })
      .on('error', () => settle(0))
      .end(body)
  })
})
`
