import { InvalidCarrier } from '../api/errors.ts'
import { FORMAT_HTTP_HEADERS } from '../api/format.ts'
import { check, checkSame } from './check.ts'
import { checkChild, named, namesOf, type ServerCase, servers, template } from './server-kit-bed.ts'

/** How the span of a request begins: its trace, its parent, its tags and its name. */
export const requestCases: readonly ServerCase[] = [
  {
    title: 'PYR-B01, PYR-T03: a request that brings no context begins a trace of its own, with one span',
    needs: ['/hello'],
    async run(bed) {
      const { span, answer, spans } = await bed.visit('/hello')
      checkSame(answer.status, 200, 'the status')
      checkSame(answer.body, 'hello', 'the body')
      checkSame(namesOf(spans), span.operationName, 'all spans')
      checkSame(span.parentId, null, 'the parent')
      const { span: other } = await bed.visit('/hello')
      check(other.traceId !== span.traceId, 'the next request is another trace')
    },
  },
  {
    title:
      'PYR-B01, PYR-T12, FLK-B02, FLK-B11, FLK-T13, OPI-B03: a request continues the trace of its caller',
    needs: ['/child'],
    async run(bed) {
      const caller = bed.tracer.startSpan('caller')
      const headers: { [name: string]: string } = {}
      bed.tracer.inject(caller, FORMAT_HTTP_HEADERS, headers)
      caller.finish()
      const { span, spans } = await bed.visit('/child', { headers })
      checkChild(span, caller)
      checkChild(named(spans, 'child'), span)
      const upperCase = Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]),
      )
      checkChild((await bed.visit('/child', { headers: upperCase })).span, caller)
    },
  },
  {
    title:
      'PYR-E01, PYR-T07, FLK-E01, TOR-E01, FLK-Q06: a context that cannot be read begins a new trace, and harms nothing',
    needs: ['/hello'],
    async run(bed) {
      for (const [traceId, spanId] of malformed) {
        const headers = {
          ...(traceId === undefined ? {} : { 'ot-tracer-traceid': traceId }),
          ...(spanId === undefined ? {} : { 'ot-tracer-spanid': spanId }),
          traceparent: traceId ?? 'malformed',
          'ot-baggage-%zz': '%E0%A4%A',
        }
        const { span, answer } = await bed.visit('/hello', { headers })
        const what = `after ${JSON.stringify([traceId, spanId]).slice(0, 60)}`
        checkSame(answer.status, 200, `the status ${what}`)
        checkSame(answer.body, 'hello', `the body ${what}`)
        checkSame(span.parentId, null, `the parent ${what}`)
        checkSame(span.tags['error'], undefined, `the error tag ${what}`)
      }
    },
  },
  {
    title:
      'PYR-T06, FLK-Q06, OPI-B04: a tracer that throws whatever it likes when it reads headers fails no request',
    needs: ['/hello'],
    async run(bed) {
      const thrown = [
        new InvalidCarrier('no carrier'),
        new TypeError('unreadable'),
        'a text',
        undefined,
        null,
      ]
      for (const error of thrown) {
        bed.tracer.registerPropagator(FORMAT_HTTP_HEADERS, {
          inject() {},
          extract() {
            throw error
          },
        })
        const { span, answer } = await bed.visit('/hello', { headers: { 'ot-tracer-traceid': '1' } })
        checkSame(answer.status, 200, 'the status')
        checkSame(span.parentId, null, 'the parent')
      }
    },
  },
  {
    title: 'PYR-B01, OT-12: baggage of the caller arrives in what is below the request',
    needs: ['/child'],
    async run(bed) {
      const headers = { 'ot-tracer-traceid': 'a', 'ot-tracer-spanid': 'b', 'ot-baggage-tenant': 'acme' }
      const { span, spans } = await bed.visit('/child', { headers })
      checkSame(span.getBaggageItem('tenant'), 'acme', 'baggage of the server span')
      checkSame(named(spans, 'child').getBaggageItem('tenant'), 'acme', 'baggage of its child')
    },
  },
  {
    title:
      'a span that is active where the application is started is not the parent of requests from a socket',
    needs: ['/child'],
    async run(bed) {
      const startup = bed.tracer.startSpan('startup')
      await bed.tracer.scopeManager.with(startup, async () => {
        await bed.start()
        await bed.ask('/child')
      })
      await bed.ask('/child')
      startup.finish()
      const requests = servers(await bed.spans())
      checkSame(requests.length, 2, 'the number of server spans')
      for (const span of requests) checkSame(span.parentId, null, 'the parent of a request')
    },
  },
  {
    title:
      'PYR-B04, PYR-B07, FLK-B05, TOR-B03, OPI-B02, OT-07: the span says what was asked for and what was answered',
    needs: ['/hello'],
    async run(bed) {
      const { span } = await bed.visit('/hello')
      checkSame(span.tags['span.kind'], 'server', 'span.kind')
      checkSame(span.tags['http.method'], 'GET', 'http.method')
      checkSame(span.tags['http.url'], `${bed.url}/hello`, 'http.url')
      checkSame(span.tags['component'], bed.server.component, 'component')
      checkSame(span.tags['http.status_code'], 200, 'http.status_code')
      checkSame(span.tags['error'], undefined, 'error')
      checkSame(span.logs.length, 0, 'the number of logs')
    },
  },
  {
    title: 'PYR-B04, FLK-B05: no tag has the query of the URL',
    needs: ['/hello'],
    async run(bed) {
      const { span } = await bed.visit('/hello?password=swordfish&plain=visible')
      checkSame(span.tags['http.url'], `${bed.url}/hello`, 'http.url')
      const text = JSON.stringify([span.operationName, span.tags])
      check(!/swordfish|visible/.test(text), `no part of the query is told: ${text}`)
    },
  },
  {
    title: 'PYR-B02, PYR-Q01, PYR-T08, PYR-T13, FLK-B03, OT-02: the span is named by its route',
    needs: ['/users/:id'],
    async run(bed) {
      const { span, answer } = await bed.visit('/users/7')
      checkSame(JSON.parse(answer.body).id, '7', 'the answer')
      if (bed.server.routes === false) checkSame(span.operationName, 'GET', 'the name')
      else {
        checkSame(template(span.operationName), 'GET /users/:id', 'the name')
        checkSame(template(span.tags['http.route']), '/users/:id', 'http.route')
      }
      checkSame(
        (await bed.visit('/users/8')).span.operationName,
        span.operationName,
        'the name of another user',
      )
    },
  },
  {
    title: 'FLK-B03, OT-02: a route in a mounted router is named by both templates, whoever asks',
    needs: ['/tenants/:tenant/users/:id'],
    async run(bed) {
      for (const path of ['/tenants/acme/users/1', '/tenants/initech/users/2?page=1']) {
        const { span, answer } = await bed.visit(path)
        checkSame(answer.status, 200, 'the status')
        const expected = bed.server.routes === false ? 'GET' : 'GET /tenants/:tenant/users/:id'
        checkSame(template(span.operationName), expected, 'the name')
      }
    },
  },
  {
    title: 'PYR-B10, FLK-Q05: a request without a route is named by its method, and is no error',
    needs: [],
    ways: ['everything', 'attached'],
    async run(bed) {
      const { span, answer } = await bed.visit('/nowhere/at/all')
      checkSame(answer.status, 404, 'the status')
      checkSame(span.operationName, 'GET', 'the name')
      checkSame(span.tags['http.route'], undefined, 'http.route')
      checkSame(span.tags['http.status_code'], 404, 'http.status_code')
      checkSame(span.tags['error'], undefined, 'error')
    },
  },
  {
    title: 'PYR-B08, TOR-C03: what is not marked is not traced',
    needs: ['/hello'],
    ways: ['marked'],
    async run(bed) {
      await bed.ignored('/nowhere/at/all', undefined, 404)
      await bed.visit('/hello')
    },
  },
  {
    title: 'FLK-B03: a request for HEAD is one of its own, without a body',
    needs: ['/hello'],
    async run(bed) {
      const { span, answer } = await bed.visit('/hello', { method: 'HEAD' })
      checkSame(answer.status, 200, 'the status')
      checkSame(answer.body, '', 'the body')
      checkSame(span.tags['http.method'], 'HEAD', 'http.method')
      checkSame(span.operationName, bed.server.routes === false ? 'HEAD' : 'HEAD /hello', 'the name')
    },
  },
]

const malformed: readonly (readonly [traceId: string | undefined, spanId: string | undefined])[] = [
  ['zzz', 'zzz'],
  ['', ''],
  ['1', undefined],
  [undefined, '1'],
  ['-1', '0x10'],
  ['1 ', '1;2'],
  ['f'.repeat(64), 'f'.repeat(64)],
  ['a'.repeat(6000), '1'],
  ['é\xff\x80', '\xa0'],
  ['00-00000000000000000000000000000000-0000000000000000-00', '%00'],
]
