import { check, checkSame } from './check.ts'
import type { MockSpan } from './mock-span.ts'
import { checkChild, named, type ServerCase, servers, untracedAgent } from './server-kit-bed.ts'

/** That the span of a request is active in all that is done for it, and in nothing else. */
export const flowCases: readonly ServerCase[] = [
  {
    title:
      'PYR-B03, FLK-B04, FLK-B11, FLK-T14, TOR-B05: what a handler does after an await is below the span of its request',
    needs: ['/child'],
    async run(bed) {
      const { span, answer, spans } = await bed.visit('/child')
      checkSame(answer.body, 'done', 'the body')
      checkSame(spans.length, 2, 'the number of spans')
      checkChild(named(spans, 'child'), span)
      checkSame(bed.tracer.activeSpan, null, 'the active span afterwards')
    },
  },
  {
    title:
      'FLK-B04, NODE-01: what a handler does after it has read the body is below the span of its request',
    needs: ['/echo'],
    async run(bed) {
      const body = ['a body ', 'in three ', 'pieces']
      const headers = { 'content-type': 'text/plain' }
      const { span, answer, spans } = await bed.visit('/echo', { method: 'POST', headers, body })
      checkSame(answer.body, body.join(''), 'the body')
      checkChild(named(spans, 'echo'), span)
      checkSame(span.tags['http.method'], 'POST', 'http.method')
    },
  },
  {
    title:
      'PYR-A04, PYR-B11, PYR-T04, FLK-A08, FLK-T06, TOR-A04: a handler is given the span of its request, and may tag it',
    needs: ['/tagged'],
    async run(bed) {
      const { span } = await bed.visit('/tagged')
      checkSame(bed.work.tagged[0], span, 'the span that the handler was given')
      checkSame(span.tags['tagged'], true, 'its tag')
    },
  },
  {
    title: 'FLK-Q08: two requests on one connection are two spans in two traces',
    needs: ['/child'],
    async run(bed) {
      const agent = untracedAgent({ keepAlive: true, maxSockets: 1 })
      try {
        await bed.ask('/child', { agent })
        await bed.ask('/child', { agent })
      } finally {
        agent.destroy()
      }
      twoTraces(await bed.spans())
    },
  },
  {
    title:
      'FLK-Q08, FLK-T09: requests that come before the first is answered are spans of their own, with their own children',
    needs: ['/child', '/slow/:id'],
    async run(bed) {
      const get = (path: string, close = ''): string =>
        `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${close}\r\n`
      const answers = await bed.raw(
        get('/slow/first') + get('/slow/second') + get('/slow/third', 'Connection: close\r\n'),
      )
      checkSame(answers.split('HTTP/1.1 200').length, 4, 'the number of answers, and one')
      const spans = await bed.spans()
      checkSame(servers(spans).length, 3, 'the number of server spans')
      checkParents(spans, ['first', 'second', 'third'], 'http://localhost')
    },
  },
  {
    title: 'TOR-Q09, SC-N1: of 1,000 requests at once none has a child of another',
    needs: ['/slow/:id'],
    async run(bed) {
      const ids = Array.from({ length: 1000 }, (_, index) => `n${index}`)
      const agent = untracedAgent({ keepAlive: true, maxSockets: 50 })
      try {
        const answers = await Promise.all(ids.map((id) => bed.ask(`/slow/${id}`, { agent })))
        answers.forEach(({ body }, index) => {
          checkSame(JSON.parse(body).id, ids[index], 'the answer')
        })
      } finally {
        agent.destroy()
      }
      const spans = await bed.spans()
      checkSame(spans.length, 2 * ids.length, 'the number of spans')
      checkParents(spans, ids, bed.url)
      const byId = new Map(servers(spans).map((span) => [span.tags['http.url'], span]))
      for (const id of ids) {
        const sight = bed.work.sights.get(id)
        const span = byId.get(`${bed.url}/slow/${id}`)
        checkSame(sight?.before, span, `the active span before the await of ${id}`)
        checkSame(sight?.after, span, `the active span after the await of ${id}`)
      }
    },
  },
]

function twoTraces(spans: readonly MockSpan[]): void {
  const [first, second, ...others] = servers(spans)
  check(first !== undefined && second !== undefined && others.length === 0, 'there are two server spans')
  check(first.traceId !== second.traceId, 'they are in two traces')
  for (const span of [first, second]) checkSame(span.parentId, null, 'the parent')
  const children = spans.filter(({ operationName }) => operationName === 'child')
  checkSame(
    new Set(children.map(({ parentId }) => parentId)).size,
    2,
    'the number of parents of the children',
  )
}

/** Each `slow` is below the request that asked for it. */
function checkParents(spans: readonly MockSpan[], ids: readonly string[], origin: string): void {
  const byId = new Map(servers(spans).map((span) => [span.spanId, span]))
  const children = spans.filter(({ operationName }) => operationName === 'slow')
  checkSame(children.length, ids.length, 'the number of children')
  for (const child of children) {
    const url = byId.get(child.parentSpanId)?.tags['http.url']
    checkSame(url, `${origin}/slow/${child.tags['id']}`, `the request above "slow" of ${child.tags['id']}`)
  }
  checkSame(new Set(children.map(({ traceId }) => traceId)).size, ids.length, 'the number of traces')
}
