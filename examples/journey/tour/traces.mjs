/** Reads traces back from the viewer's JSON API: what the viewer's own page sees. */

const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']

/** Every trace that the viewer has, each with its spans and everything known of them. */
export async function readTraces(viewerUrl) {
  const { traces } = await ask(viewerUrl, '/api/traces?limit=100')
  return Promise.all(traces.map(({ traceId }) => readTrace(viewerUrl, traceId)))
}

/**
 * One trace. Times are milliseconds since the epoch.
 *
 * @returns {Promise<{ traceId: string, spans: object[] }>} spans in order of their start; `parent` is a span of the
 *   same trace, null for a root, undefined if the trace does not have it
 */
async function readTrace(viewerUrl, traceId) {
  const skeleton = await ask(viewerUrl, `/api/traces/${traceId}`)
  const start = Number(skeleton.start) / 1e6
  const spans = await Promise.all(
    skeleton.spanId.map(async (spanId, index) => ({
      spanId,
      name: skeleton.strings[skeleton.name[index]],
      service: skeleton.strings[skeleton.service[index]],
      kind: kinds[skeleton.kind[index]],
      start: start + skeleton.startOffset[index] / 1e6,
      duration: skeleton.durations[index] / 1e6,
      failed: skeleton.status[index] === 2,
      detail: await ask(viewerUrl, `/api/traces/${traceId}/spans/${spanId}`),
    })),
  )
  for (const [index, span] of spans.entries()) {
    const parent = skeleton.parent[index]
    span.parent = parent === -1 ? null : spans[parent]
    span.parentSpanId = span.parent?.spanId ?? skeleton.parentSpanId[index]
  }
  return { traceId, spans }
}

async function ask(viewerUrl, path) {
  const response = await fetch(viewerUrl + path, { signal: AbortSignal.timeout(5000) })
  if (!response.ok)
    throw new Error(`The viewer answered ${response.status} to ${path}: ${await response.text()}`)
  return response.json()
}
