/** The files of the page, read once: they are small, and what is not among them cannot be asked for. */
import { readdir, readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, relative, sep } from 'node:path'

interface File {
  type: string
  isHashed: boolean
  plain: Buffer
  gz?: Buffer
  br?: Buffer
}

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
}

/** Everything from here and nothing inline: whatever an attribute of a span smuggles in does not run. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const NOT_BUILT = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Spoor</title>
<p>The page of the viewer was not built. In a checkout, <code>npm run build</code> does it; the API below <a href="/api/traces">/api/</a> works without.</p></html>`

export class StaticFiles {
  readonly #files: Map<string, File>

  constructor(files: Map<string, File>) {
    this.#files = files
  }

  static async load(folder: string): Promise<StaticFiles> {
    const files = new Map<string, File>()
    const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      if (!entry.isFile()) continue
      const file = join(entry.parentPath, entry.name)
      const [, path, compression] = /^(.*?)(?:\.(gz|br))?$/.exec(
        `/${relative(folder, file).split(sep).join('/')}`,
      )!
      const known = files.get(path!) ?? {
        type: typeOf(path!),
        isHashed: isHashed(path!),
        plain: Buffer.alloc(0),
      }
      known[(compression as 'gz' | 'br' | undefined) ?? 'plain'] = await readFile(file)
      files.set(path!, known)
    }
    return new StaticFiles(files)
  }

  /** Answers with a file, with the page for every address that is one of the page's own, else with 404. */
  send(request: IncomingMessage, response: ServerResponse, path: string): void {
    const file = this.#files.get(path) ?? (isFile(path) ? undefined : this.#files.get('/index.html'))
    if (!file) {
      if (isFile(path))
        respond(response, 404, 'text/plain; charset=utf-8', Buffer.from('There is no such file.\n'))
      else respond(response, 503, TYPES['.html']!, Buffer.from(NOT_BUILT))
      return
    }
    const accepted = String(request.headers['accept-encoding'] ?? '')
    const encoding =
      file.br && /\bbr\b/.test(accepted) ? 'br' : file.gz && /\bgzip\b/.test(accepted) ? 'gz' : undefined
    response.setHeader('vary', 'Accept-Encoding')
    response.setHeader('cache-control', file.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
    if (encoding) response.setHeader('content-encoding', encoding === 'gz' ? 'gzip' : 'br')
    respond(response, 200, file.type, encoding ? file[encoding]! : file.plain)
  }
}

function respond(response: ServerResponse, status: number, type: string, body: Buffer): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': body.length,
    'content-security-policy': POLICY,
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
  })
  response.end(body)
}

function typeOf(path: string): string {
  return TYPES[extname(path)] ?? 'application/octet-stream'
}

/** esbuild writes `main-3XQZ7K2M.js`: eight characters of the content's hash. */
function isHashed(path: string): boolean {
  return /[-.][0-9A-Za-z]{8,}\.[a-z0-9]+$/.test(path)
}

function isFile(path: string): boolean {
  return extname(path) !== ''
}
