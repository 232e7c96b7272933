/** Holds the traces that arrived against the visits that were made, and says what is missing, span by span. */

/** The clocks of two processes on one machine agree this well, in milliseconds. */
const clockSkew = 20

/**
 * Pairs every visit with the trace whose root started during it.
 *
 * @returns {{ pairs: { visit, trace, problems: string[] }[], problems: string[] }} `problems` is everything, titled
 */
export function checkTraces(made, traces) {
  const pairs = made.map(({ visit, from, to }) => {
    const candidates = traces.filter(({ spans }) => {
      const start = Math.min(...spans.map((span) => span.start))
      return start >= from - clockSkew && start <= to + clockSkew
    })
    const trace =
      candidates.find(({ spans }) => spans.some((span) => span.service === 'gateway')) ?? candidates[0]
    const problems = trace ? checkTrace(visit.trace, trace.spans) : ['no trace arrived']
    return { visit, trace, problems }
  })
  const strays = traces.filter((trace) => !pairs.some((pair) => pair.trace === trace))
  return {
    pairs,
    problems: [
      ...pairs.flatMap(({ visit, problems }) =>
        problems.map((problem) => `A customer ${visit.title}: ${problem}`),
      ),
      ...strays.map(
        ({ traceId, spans }) => `Trace ${traceId} belongs to no visit: ${spans.map(label).join(', ')}`,
      ),
    ],
  }
}

/** @returns {string[]} what is wrong with the spans of one trace; empty if it is complete */
export function checkTrace(expected, spans) {
  const problems = []
  const roots = spans.filter((span) => span.parent === null)
  if (roots.length !== 1)
    problems.push(`${roots.length} roots instead of one (${roots.map(label).join(', ')})`)
  for (const span of spans.filter(({ parent }) => parent === undefined)) {
    problems.push(`the parent ${span.parentSpanId} of ${label(span)} is missing`)
  }
  const missing = [...servicesOf(expected)].filter(
    (service) => !spans.some((span) => span.service === service),
  )
  if (missing.length > 0) problems.push(`no span of ${missing.join(', ')}`)
  if (roots.length > 0) problems.push(...compare([expected], roots, spans, 'the root'))
  return problems
}

/** Compares the spans right below one parent with those that are expected there, then goes down. */
function compare(expected, actual, spans, where) {
  const problems = []
  const left = new Set(actual)
  for (const [service, kind, name, ...rest] of expected) {
    const match = [...left].find(
      (span) => span.service === service && span.kind === kind && span.name === name,
    )
    if (!match) {
      problems.push(`${where} lacks ${service}'s ${kind} span "${name}"`)
      continue
    }
    left.delete(match)
    const below = spans.filter(({ parent }) => parent === match)
    const {
      failed = false,
      exception,
      attributes = {},
      atLeast = 0,
    } = Object.assign({}, ...rest.filter((item) => !Array.isArray(item)))
    if (match.failed !== failed) problems.push(`${label(match)} is ${failed ? 'not ' : ''}marked as an error`)
    if (exception) problems.push(...checkException(match, exception))
    for (const [key, value] of Object.entries(attributes)) {
      const actual = match.detail.attributes[key]
      if (actual !== value) problems.push(`${label(match)} has ${key}=${actual}, not ${value}`)
    }
    if (match.duration < atLeast)
      problems.push(`${label(match)} lasted ${match.duration.toFixed(1)} ms, not ${atLeast}`)
    if (match.parent && match.start < match.parent.start - clockSkew)
      problems.push(`${label(match)} starts before its parent`)
    problems.push(...compare(rest.filter(Array.isArray), below, spans, label(match)))
  }
  for (const span of left) problems.push(`${where} has ${label(span)}, which nobody expects there`)
  return problems
}

function checkException(span, type) {
  const event = span.detail.events.find(({ name }) => name === 'exception')
  if (!event) return [`${label(span)} has no exception event`]
  const problems = []
  const {
    'exception.type': actual,
    'exception.message': message,
    'exception.stacktrace': stack,
  } = event.attributes
  if (actual !== type) problems.push(`${label(span)} has an exception of type ${actual}, not ${type}`)
  if (!message) problems.push(`the exception of ${label(span)} has no message`)
  if (!stack?.includes('orders.js')) problems.push(`the exception of ${label(span)} has no useful stack`)
  return problems
}

const servicesOf = ([service, , , ...rest]) =>
  new Set([service, ...rest.filter(Array.isArray).flatMap((child) => [...servicesOf(child)])])

const label = (span) => `${span.service}'s ${span.kind} span "${span.name}"`
