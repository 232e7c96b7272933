import { oneLine, readErrorMessage } from './answer.ts'
import { type Answer, TIMEOUT } from './connection.ts'

/** A fault in words: what happened, and what to do about it. */
export interface Diagnosis {
  /** Tells causes apart, so that each is reported once. */
  cause: string
  what: string
  remedy: string
}

/** Why no answer came. */
export function diagnoseFailure(error: unknown, url: string): Diagnosis {
  const { code = 'unknown error', message = String(error) } = error as { code?: string; message?: string }
  if (code === TIMEOUT) {
    return {
      cause: code,
      what: `the collector at ${url} gave ${message}`,
      remedy: 'Look whether it is overloaded, or raise OTEL_EXPORTER_OTLP_TIMEOUT.',
    }
  }
  const remedy = FAILURES[code] ?? (CERTIFICATE.test(code) ? CERTIFICATE_REMEDY : UNREACHABLE)
  // An address with several records fails with an AggregateError, whose message is empty.
  const detail = CERTIFICATE.test(code) || code === 'EPROTO' ? `${code}: ${message}` : code
  return { cause: code, what: `cannot reach the collector at ${url} (${detail})`, remedy }
}

/** Why an answer is none that we hoped for. */
export function diagnoseAnswer(answer: Answer, url: string): Diagnosis {
  const message = readErrorMessage(answer.body, answer.contentType)
  const { status } = answer
  const redirect = status >= 300 && status < 400 && answer.location ? ` to ${oneLine(answer.location)}` : ''
  return {
    cause: String(status),
    what: `the collector at ${url} answered ${status}${redirect}${message === '' ? '' : ` "${message}"`}`,
    remedy: remedyFor(status),
  }
}

const UNREACHABLE = 'Start one with `npx spoor-viewer`, or set OTEL_EXPORTER_OTLP_ENDPOINT.'
const CERTIFICATE_REMEDY =
  'If it is your own certificate, give the path of the authority that signed it in OTEL_EXPORTER_OTLP_CERTIFICATE.'

const FAILURES: Record<string, string> = {
  ENOTFOUND: 'The name is unknown; correct OTEL_EXPORTER_OTLP_ENDPOINT.',
  EAI_AGAIN: 'The name server gives no answer; look at the network, or correct OTEL_EXPORTER_OTLP_ENDPOINT.',
  ECONNRESET: 'It closed the connection without an answer; look into its log.',
  EPIPE: 'It closed the connection without an answer; look into its log.',
  EPROTO: 'Is it a plain http:// endpoint? Correct OTEL_EXPORTER_OTLP_ENDPOINT.',
  HPE_INVALID_CONSTANT: 'What answers there does not speak HTTP/1.1 (gRPC listens on 4317, HTTP on 4318).',
}

/** Codes of OpenSSL's verification and of Node's check of the name. */
const CERTIFICATE = /CERT|SELF_SIGNED|ISSUER|ALTNAME|SIGNATURE/

function remedyFor(status: number): string {
  if (status >= 300 && status < 400) {
    return 'Redirects are not followed; set OTEL_EXPORTER_OTLP_ENDPOINT to the final address.'
  }
  return STATUSES[status] ?? (status >= 500 ? 'Look into its log.' : 'Check OTEL_EXPORTER_OTLP_ENDPOINT.')
}

const STATUSES: Record<number, string> = {
  400: 'Is it an OTLP/HTTP receiver? Try OTEL_EXPORTER_OTLP_PROTOCOL=http/json.',
  401: 'Put its credentials into OTEL_EXPORTER_OTLP_HEADERS.',
  403: 'Put its credentials into OTEL_EXPORTER_OTLP_HEADERS.',
  404: 'Its path usually ends in /v1/traces; correct OTEL_EXPORTER_OTLP_ENDPOINT.',
  405: 'Its path usually ends in /v1/traces; correct OTEL_EXPORTER_OTLP_ENDPOINT.',
  413: 'Raise the limit of its request bodies, or lower OTEL_BSP_MAX_EXPORT_BATCH_SIZE.',
  415: 'Try OTEL_EXPORTER_OTLP_PROTOCOL=http/json, or OTEL_EXPORTER_OTLP_COMPRESSION=none.',
  429: 'It asks for fewer spans: sample less (OTEL_TRACES_SAMPLER), or raise its limits.',
  503: 'It is overloaded or starting; give it more room if this lasts.',
}
