import { readFileSync } from 'node:fs'
import { SpoorError } from '../../api/errors.ts'

export interface TlsOptions {
  /** Path of PEM certificates to trust instead of the system's (`OTEL_EXPORTER_OTLP_CERTIFICATE`). */
  certificate?: string | undefined
  /** Path of the PEM key this client proves itself with (`OTEL_EXPORTER_OTLP_CLIENT_KEY`). */
  clientKey?: string | undefined
  /** Path of the PEM certificate of that key (`OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE`). */
  clientCertificate?: string | undefined
  /** Accept any certificate. For tests only. */
  insecure?: boolean | undefined
}

/** What `node:tls` takes, read from {@link TlsOptions}. */
export interface TlsMaterial {
  ca?: string
  key?: string
  cert?: string
  rejectUnauthorized?: boolean
}

/** Where requests go, in the form that `http.request` takes; it survives JSON. */
export interface Target {
  protocol: string
  hostname: string
  port: number
  path: string
  auth?: string
}

/** @throws {SpoorError} `SPOOR_INVALID_ENDPOINT` for anything but an absolute http or https URL */
export function parseEndpoint(text: string): Target {
  let url: URL | undefined
  try {
    url = new URL(text)
  } catch {
    // told below
  }
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new SpoorError(
      'SPOOR_INVALID_ENDPOINT',
      `${JSON.stringify(text)} is not the address of a collector. ` +
        'Give an absolute URL such as http://localhost:4318/v1/traces (OTEL_EXPORTER_OTLP_ENDPOINT).',
    )
  }
  const secure = url.protocol === 'https:'
  const target: Target = {
    protocol: url.protocol,
    hostname: url.hostname.replace(/^\[|\]$/g, ''), // IPv6
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    path: url.pathname + url.search,
  }
  if (url.username !== '') target.auth = `${decode(url.username)}:${decode(url.password)}`
  return target
}

/** @throws {SpoorError} `SPOOR_TLS_FILE` when a file cannot be read */
export function readTls(options: TlsOptions): TlsMaterial {
  const material: TlsMaterial = {}
  if (options.certificate) material.ca = readPem(options.certificate, 'certificate')
  if (options.clientKey) material.key = readPem(options.clientKey, 'client key')
  if (options.clientCertificate) material.cert = readPem(options.clientCertificate, 'client certificate')
  if (options.insecure === true) material.rejectUnauthorized = false
  return material
}

/** @throws {SpoorError} `SPOOR_INVALID_HEADER` for what HTTP does not allow */
export function checkHeaders(headers: Record<string, string>): Record<string, string> {
  const checked: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(value)) {
      throw new SpoorError(
        'SPOOR_INVALID_HEADER',
        `The header ${JSON.stringify(name)} for the collector has characters that HTTP does not allow. ` +
          'Correct it in OTEL_EXPORTER_OTLP_HEADERS; values there are percent-encoded.',
      )
    }
    checked[name.toLowerCase()] = value
  }
  return checked
}

/** An address as it may be printed: without password, and without the query, which may hold a key. */
export function withoutSecrets(text: string): string {
  const url = new URL(text)
  return `${url.protocol}//${url.host}${url.pathname}`
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function readPem(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new SpoorError(
      'SPOOR_TLS_FILE',
      `Cannot read the ${what} at ${JSON.stringify(path)} (${(error as NodeJS.ErrnoException).code}). ` +
        'Give the path of a PEM file that this process may read.',
      { cause: error },
    )
  }
}

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
