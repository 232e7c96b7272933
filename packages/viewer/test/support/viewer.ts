/** A viewer on free ports, and the ways to talk to it. */
import { mkdtempSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Json } from '../../dist/collector/codec.js'
import { startViewer, type Viewer, type ViewerOptions } from '../../dist/index.js'

export interface TestViewer extends Viewer {
  /** What the viewer has reported. */
  reports: string[]
  send(json: Json): Promise<Reply>
  post(body: Uint8Array | string, headers: Record<string, string>, path?: string): Promise<Reply>
  get<T>(path: string): Promise<T>
}

export interface Reply {
  status: number
  headers: http.IncomingHttpHeaders
  body: Buffer
}

export async function testViewer(test: TestContext, options: ViewerOptions = {}): Promise<TestViewer> {
  const reports: string[] = []
  const viewer = await startViewer({
    otlpPort: 0,
    uiPort: 0,
    report: (line) => reports.push(line),
    ...options,
  })
  test.after(() => viewer.close())
  const post: TestViewer['post'] = (body, headers, path = '/v1/traces') =>
    exchange(viewer.otlpUrl + path, { method: 'POST', headers }, body)
  return Object.assign(viewer, {
    reports,
    post,
    send: (json: Json) => post(JSON.stringify(json), { 'content-type': 'application/json' }),
    async get<T>(path: string): Promise<T> {
      const { status, body } = await exchange(viewer.url + path)
      if (status !== 200) throw new Error(`${path} answered ${status}: ${body}`)
      return JSON.parse(body.toString()) as T
    },
  })
}

/** node:http rather than fetch: it sends what it is told, `Host` and `Origin` too. */
export function exchange(
  url: string,
  options: http.RequestOptions = {},
  body?: Uint8Array | string,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { agent: false, ...options }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
      )
    })
    request.on('error', reject)
    request.end(body)
  })
}

export function temporaryFolder(test: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-viewer-'))
  test.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Waits for something that will come, for a bounded time. */
export async function eventually<T>(
  what: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = Date.now() + 15_000
  for (;;) {
    const value = await what()
    if (value) return value
    if (Date.now() > deadline) throw new Error('it did not come within fifteen seconds')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
