import type { InboundRequest } from '../../instrument/inbound-request.ts'
import { flat, gathered } from './headers.ts'

/**
 * Requests as AWS Lambda gets them: from API Gateway in payload format 1.0 (REST APIs) and 2.0 (HTTP APIs and function URLs),
 * and from an Application Load Balancer, with single or with multi-value headers. Fields as the AWS documentation has them:
 * "Working with AWS Lambda proxy integrations for HTTP APIs", "Lambda functions as targets".
 */
export interface LambdaEvent {
  readonly version?: string
  /** `REQUEST` where a function decides who may ask: that is not the request itself. */
  readonly type?: string
  /** Format 1.0: the template. */
  readonly resource?: string
  readonly path?: string
  readonly httpMethod?: string
  readonly headers?: Single | null
  readonly multiValueHeaders?: Multi | null
  readonly queryStringParameters?: Single | null
  readonly multiValueQueryStringParameters?: Multi | null
  /** Format 2.0: `GET /users/{id}`, or `$default`. */
  readonly routeKey?: string
  readonly rawPath?: string
  readonly rawQueryString?: string
  readonly requestContext?: {
    readonly elb?: object
    readonly domainName?: string
    readonly path?: string
    readonly protocol?: string
    readonly identity?: { readonly sourceIp?: string }
    readonly http?: {
      readonly method?: string
      readonly path?: string
      readonly protocol?: string
      readonly sourceIp?: string
    }
  }
}

type Single = { readonly [name: string]: string | undefined }
type Multi = { readonly [name: string]: readonly string[] | undefined }

export function isHttpEvent(event: unknown): event is LambdaEvent {
  const { type, httpMethod, requestContext, headers, multiValueHeaders } = (event ?? {}) as LambdaEvent
  if (type === 'REQUEST' || !isObject(requestContext)) return false
  if (!isObject(headers) && !isObject(multiValueHeaders)) return false
  return typeof httpMethod === 'string' || typeof requestContext?.http?.method === 'string'
}

/** The template of the route, where API Gateway has one: `/users/{id}`. */
export function routeOfEvent({ resource, routeKey }: LambdaEvent): string | undefined {
  if (routeKey !== undefined) return /^[A-Z]+ (\/.*)$/.exec(routeKey)?.[1]
  return resource
}

export function lambdaView(event: LambdaEvent): InboundRequest {
  const { requestContext = {}, httpMethod = 'GET', path = '/' } = event
  const { http, identity, elb, domainName, protocol = http?.protocol } = requestContext
  const rawHeaders = flat(event.multiValueHeaders ?? event.headers ?? {})
  const headers = gathered(rawHeaders)
  return {
    method: http?.method ?? httpMethod,
    url: targetOf(event, http === undefined ? (requestContext.path ?? path) : (event.rawPath ?? '/')),
    scheme: schemeOf(headers['x-forwarded-proto'], elb === undefined),
    protocolVersion: /^HTTP\/([\d.]+)$/.exec(protocol ?? '')?.[1] ?? '',
    rawHeaders,
    headers,
    // A load balancer adds the address that it sees at the end; what stands before it, the client may have made up.
    remoteAddress:
      http?.sourceIp ?? identity?.sourceIp ?? headers['x-forwarded-for']?.split(',').at(-1)?.trim(),
    host: headers['host'] ?? domainName,
  }
}

/** Who calls a function over HTTP is AWS itself: what its own proxies add can be believed. API Gateway speaks TLS alone. */
function schemeOf(forwarded: string | undefined, isGateway: boolean): string {
  if (forwarded === 'http' || forwarded === 'https') return forwarded
  return isGateway ? 'https' : 'http'
}

function targetOf(event: LambdaEvent, path: string): string {
  const query = queryOf(event)
  return query === '' ? path : `${path}?${query}`
}

/** Format 2.0 has the query as it came. The others take it apart; API Gateway decodes it too, a load balancer does not. */
function queryOf({
  rawQueryString,
  multiValueQueryStringParameters,
  queryStringParameters,
  requestContext,
}: LambdaEvent): string {
  if (rawQueryString !== undefined) return rawQueryString
  const encode = requestContext?.elb === undefined ? encodeURIComponent : (text: string) => text
  return Object.entries(multiValueQueryStringParameters ?? queryStringParameters ?? {})
    .flatMap(([name, values]) =>
      [values].flat().map((value) => `${encode(name)}=${encode(String(value ?? ''))}`),
    )
    .join('&')
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
