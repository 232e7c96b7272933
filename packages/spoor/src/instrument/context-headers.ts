import { report } from '../log.ts'
import type { EngineSpan } from './row.ts'
import type { Runtime } from './runtime.ts'

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const FORBIDDEN = /[^\t\x20-\x7e\x80-\xff]/

/**
 * The headers that continue a trace. Whatever a tracer of somebody else's or a propagator of the user's came up with,
 * only what Node would send is in there: a bad header would be thrown at the application, which did nothing wrong.
 */
export function contextHeaders(runtime: Runtime, span: EngineSpan): { [name: string]: string } {
  const headers: { [name: string]: unknown } = {}
  runtime.inject(span, headers as { [name: string]: string })
  for (const name in headers) {
    const value = headers[name]
    if (typeof value === 'string' && NAME.test(name) && !FORBIDDEN.test(value)) continue
    if (typeof value === 'number' && NAME.test(name)) headers[name] = String(value)
    else {
      delete headers[name]
      report('inject.header', `a propagator wrote what cannot be sent as a header (${name}); it was left out`)
    }
  }
  return headers as { [name: string]: string }
}
