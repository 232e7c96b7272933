import { check, checkSame } from './check.ts'
import { listen } from './instrumentation-bed.ts'
import { logsOf, type ServerBed, type ServerCase, template } from './server-kit-bed.ts'

/** What users may ask for, and that nothing they give can harm a response. */
export const optionCases: readonly ServerCase[] = [
  {
    title:
      'PYR-B05, FLK-B06, TOR-B04, PYR-Q06, FLK-Q07: traced attributes are told where there is anything to tell',
    needs: ['/users/:id'],
    options: {
      tracedAttributes: ['method', 'no.such.thing', nothing, empty, sevenfold, unreadable],
    },
    async run(bed) {
      const { span, answer } = await bed.visit('/users/7')
      checkSame(answer.status, 200, 'the status')
      checkSame(String(span.tags['method']).toUpperCase(), 'GET', 'method')
      checkSame(span.tags['sevenfold'], 49, 'what a function returns')
      for (const tag of ['no.such.thing', 'nothing', 'empty', 'unreadable', '']) {
        check(!(tag in span.tags), `there is no tag "${tag}"`)
      }
      checkSame(span.tags['error'], undefined, 'error')
    },
  },
  {
    title: 'PYR-B05, TOR-B04: a traced attribute may be a parameter of the route, under a tag of its own',
    needs: ['/users/:id'],
    async run(bed) {
      const { routes = true, parameter = 'params.id' } = bed.server
      if (!routes) return
      await bed.start({ tracedAttributes: { 'user.id': parameter, fixed: () => 'as given' } })
      const { span } = await bed.visit('/users/seven')
      checkSame(span.tags['user.id'], 'seven', 'user.id')
      checkSame(span.tags['fixed'], 'as given', 'fixed')
    },
  },
  {
    title:
      'PYR-B06, PYR-T09, FLK-B07, FLK-T15, TOR-B08: the start callback sees the request, and its name and tags stay',
    needs: ['/users/:id'],
    options: {
      startSpanCallback(span, request) {
        span
          .setOperationName('mine')
          .addTags({ component: 'mine', method: String(request.method).toUpperCase() })
      },
    },
    async run(bed) {
      const { span } = await bed.visit('/users/7')
      checkSame(span.operationName, 'mine', 'the name')
      checkSame(span.tags['component'], 'mine', 'component')
      checkSame(span.tags['method'], 'GET', 'the method that the callback saw')
    },
  },
  harmless('start', fails, {
    title:
      'PYR-E03, PYR-T10, FLK-E04, FLK-T16, TOR-E05: a start callback that throws changes no response, and is reported once',
  }),
  harmless('start', rejects, {
    title: 'FLK-E04, TOR-E05: a start callback that rejects changes no response, and is reported once',
  }),
  harmless('start', hangs, {
    title: 'FLK-E04, TOR-E05: a start callback that never settles changes no response, and is not waited for',
    reports: 0,
  }),
  harmless('finish', fails, {
    title: 'FLK-E04, TOR-E05: a finish callback that throws changes no response, and is reported once',
  }),
  harmless('finish', rejects, {
    title: 'FLK-E04, TOR-E05: a finish callback that rejects changes no response, and is reported once',
  }),
  {
    title:
      'OPI-H02, PYR-B07: the finish callback sees the request, the response and its status, and may still tag',
    needs: ['/hello', '/teapot'],
    async run(bed) {
      const seen: { method: unknown; status: unknown; error: unknown; given: number }[] = []
      await bed.start({
        finishSpanCallback(span, request, response, error) {
          span.setTag('told', 'at the end')
          const status = response.statusCode ?? response.status
          seen.push({ method: request.method, status, error, given: response === undefined ? 0 : 1 })
        },
      })
      const { span } = await bed.visit('/hello')
      checkSame(span.tags['told'], 'at the end', 'its tag')
      await bed.visit('/teapot')
      checkSame(seen.length, 2, 'the number of calls')
      checkSame(String(seen[0]?.method).toUpperCase(), 'GET', 'the method')
      checkSame(seen[0]?.status, 200, 'the status')
      checkSame(seen[0]?.error, undefined, 'the error')
      checkSame(seen[1]?.status, 418, 'the status of the other')
    },
  },
  {
    title: 'OPI-H02, PYR-E02: the finish callback is given the very error that the handler threw',
    needs: ['/thrown'],
    async run(bed) {
      const errors: unknown[] = []
      await bed.start({
        finishSpanCallback(_span, _request, _response, error) {
          errors.push(error)
        },
      })
      await bed.visit('/thrown')
      checkSame(errors.length, 1, 'the number of calls')
      checkSame(errors[0], bed.work.errors.get('thrown'), 'the error')
    },
  },
  {
    title:
      'PYR-A04, FLK-A08, TOR-A04, PYR-T03: getSpan() gives the span of a request until it is finished, then null',
    needs: ['/hello'],
    ways: ['attached', 'marked'],
    async run(bed) {
      let known: { request: object; during: unknown } | undefined
      await bed.start({
        startSpanCallback(_span, request) {
          known = { request, during: bed.running.getSpan?.(request) }
        },
      })
      const { span } = await bed.visit('/hello')
      if (bed.running.getSpan === undefined) return
      checkSame(known?.during, span, 'the span while the request is served')
      checkSame(bed.running.getSpan((known as { request: object }).request), null, 'the span afterwards')
    },
  },
  {
    title: 'OPI-B05, OT-02: operationName names the span, as a text or by the request, whatever the route is',
    needs: ['/users/:id'],
    async run(bed) {
      await bed.start({ operationName: 'a name' })
      checkSame((await bed.visit('/users/7')).span.operationName, 'a name', 'the name')
      await bed.start({ operationName: (request) => `by ${String(request.method).toUpperCase()}` })
      checkSame((await bed.visit('/users/7')).span.operationName, 'by GET', 'the name by the request')
    },
  },
  {
    title: 'an operationName that throws or gives nothing leaves the name as it is',
    needs: ['/users/:id'],
    async run(bed) {
      const expected = bed.server.routes === false ? 'GET' : 'GET /users/:id'
      await bed.start({ operationName: () => undefined })
      checkSame(template((await bed.visit('/users/7')).span.operationName), expected, 'the name')
      await listen(async () => {
        await bed.start({ operationName: unreadable })
        const { span, answer } = await bed.visit('/users/7')
        checkSame(answer.status, 200, 'the status')
        checkSame(template(span.operationName), expected, 'the name')
      })
    },
  },
  {
    title: 'what is ignored by its path is not traced, nor is anything below it',
    needs: ['/child', '/slow/:id', '/hello'],
    options: { ignore: ['/child', '/slow/*'] },
    async run(bed) {
      await bed.ignored('/child')
      await bed.ignored('/child?with=query')
      await bed.ignored('/slow/7')
      await bed.visit('/hello')
    },
  },
  {
    title: 'what is ignored by its method is not traced, nor is anything below it',
    needs: ['/echo', '/hello'],
    options: { ignore: { methods: ['post'] } },
    async run(bed) {
      const headers = { 'content-type': 'text/plain' }
      await bed.ignored('/echo', { method: 'POST', headers, body: ['text'] })
      await bed.visit('/hello')
    },
  },
  {
    title: 'what is ignored by its user agent is not traced, nor is anything below it',
    needs: ['/child'],
    options: { ignore: { userAgents: ['kube-probe', /^Pingdom/] } },
    async run(bed) {
      await bed.ignored('/child', { headers: { 'user-agent': 'Kube-Probe/1.30' } })
      await bed.ignored('/child', { headers: { 'user-agent': 'Pingdom.com_bot' } })
      await bed.visit('/child', { headers: { 'user-agent': 'Mozilla/5.0' } })
    },
  },
  {
    title: 'what a function ignores is not traced; where the function throws, the request is',
    needs: ['/hello'],
    async run(bed) {
      await bed.start({ ignore: (request) => String(request.method).toUpperCase() === 'HEAD' })
      await bed.ignored('/hello', { method: 'HEAD' })
      await bed.visit('/hello')
      await listen(async () => {
        await bed.start({ ignore: unreadable })
        checkSame((await bed.visit('/hello')).answer.status, 200, 'the status')
      })
    },
  },
  {
    title: 'an ignored request that fails is answered as ever, and is not traced',
    needs: ['/thrown', '/hello'],
    options: { ignore: ['/thrown'] },
    async run(bed) {
      await bed.ignored('/thrown', undefined, 500)
      await bed.visit('/hello')
    },
  },
]

function harmless(
  which: 'start' | 'finish',
  callback: () => unknown,
  { title, reports = 1 }: { title: string; reports?: number },
): ServerCase {
  return {
    title,
    needs: ['/hello'],
    async run(bed) {
      const lines = await listen(async () => {
        await bed.start({ [`${which}SpanCallback`]: callback })
        await unharmed(bed)
        await unharmed(bed)
      })
      const said = lines.filter((line) => line.includes(`${which}SpanCallback`))
      checkSame(said.length, reports, `the number of reports: ${lines.join(' | ')}`)
    },
  }
}

async function unharmed(bed: ServerBed): Promise<void> {
  const { span, answer } = await bed.visit('/hello')
  checkSame(answer.status, 200, 'the status')
  checkSame(answer.body, 'hello', 'the body')
  checkSame(span.tags['http.status_code'], 200, 'http.status_code')
  checkSame(span.tags['error'], undefined, 'error')
  checkSame(logsOf(span, 'error').length, 0, 'the number of error logs')
}

function nothing(): null {
  return null
}

function empty(): string {
  return ''
}

function sevenfold(): number {
  return 49
}

function unreadable(): never {
  throw new Error('a broken function')
}

function fails(): never {
  throw new Error('a broken callback')
}

function rejects(): Promise<never> {
  return Promise.reject(new Error('a broken callback'))
}

function hangs(): Promise<void> {
  return new Promise(() => {})
}
