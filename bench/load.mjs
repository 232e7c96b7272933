// The load, in a process of its own so that it can have a core of its own. One JSON argument in:
// { url, amount, connections }; one JSON line out: how many requests were answered, and how.
import autocannon from 'autocannon'

const { url, amount, connections } = JSON.parse(process.argv[2])
// It notices that it is done only when it samples, every second unless told otherwise.
const result = await autocannon({ url, amount, connections, timeout: 30, sampleInt: 20 })

console.log(
  JSON.stringify({
    answered: result['2xx'],
    refused: result.non2xx,
    errors: result.errors + result.timeouts,
    seconds: result.duration,
    latencyMs: { p50: result.latency.p50, p99: result.latency.p99 },
  }),
)
