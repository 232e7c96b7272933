import { check, checkSame } from './check.ts'
import { checkChild, logsOf, named, type ServerBed, type ServerCase } from './server-kit-bed.ts'

/** How the span of a request ends: with what was really sent, when it was sent. */
export const endingCases: readonly ServerCase[] = [
  ...[404, 418].map(
    (status): ServerCase => ({
      title: `PYR-Q02, FLK-Q04, TOR-Q03: a handler that answers ${status} by itself is recorded with that, and is no error`,
      needs: [pathFor(status)],
      async run(bed) {
        const { span, answer } = await bed.visit(pathFor(status))
        checkSame(answer.status, status, 'the status')
        checkSame(span.tags['http.status_code'], status, 'http.status_code')
        checkSame(span.tags['error'], undefined, 'error')
        checkSame(span.logs.length, 0, 'the number of logs')
      },
    }),
  ),
  {
    title: 'PYR-Q02, TOR-B03: a handler that answers 503 by itself is an error, without an error object',
    needs: ['/failing'],
    async run(bed) {
      const { span, answer } = await bed.visit('/failing')
      checkSame(answer.status, 503, 'the status')
      checkSame(span.tags['http.status_code'], 503, 'http.status_code')
      checkSame(span.tags['error'], true, 'error')
      checkSame(logsOf(span, 'error').length, 0, 'the number of error logs')
    },
  },
  {
    title:
      'PYR-E02, FLK-E02, FLK-Q02, FLK-T12, TOR-E02, TOR-E03: what a handler throws is told once, and changes no response',
    needs: ['/thrown'],
    run: (bed) => checkFailure(bed, 'thrown'),
  },
  {
    title:
      'PYR-Q03, FLK-E03, FLK-Q02: an error that a handler passes on is told once, and changes no response',
    needs: ['/passed'],
    run: (bed) => checkFailure(bed, 'passed'),
  },
  {
    title:
      'TOR-Q02, TOR-E02, TOR-B07: what an asynchronous handler rejects with is told once, and changes no response',
    needs: ['/rejected'],
    run: (bed) => checkFailure(bed, 'rejected'),
  },
  {
    title: 'FLK-B05: a redirect is recorded as such, and is no error',
    needs: ['/redirect'],
    async run(bed) {
      const { span, answer } = await bed.visit('/redirect')
      checkSame(answer.status, 302, 'the status')
      check(String(answer.headers.location).endsWith('/hello'), 'the location is /hello')
      checkSame(span.tags['http.status_code'], 302, 'http.status_code')
      checkSame(span.tags['error'], undefined, 'error')
    },
  },
  {
    title:
      'FLK-Q09, TOR-B05: the span of a streamed answer ends after the last chunk, and is the parent of each',
    needs: ['/streamed'],
    async run(bed) {
      const { span, answer, spans } = await bed.visit('/streamed')
      checkSame(answer.body, 'one two three', 'the body')
      for (const chunk of ['one', 'two', 'three']) checkChild(named(spans, `chunk ${chunk}`), span)
      check(span.finishTime >= bed.work.lastChunk, 'the span ends after the last chunk')
      checkSame(spans.at(-1), span, 'the span that ends last')
      checkSame(span.tags['http.status_code'], 200, 'http.status_code')
    },
  },
  {
    title: 'FLK-E05, TOR-E04: the span of a request whose client goes away ends once, and says so',
    needs: ['/endless'],
    async run(bed) {
      await bed.leave('/endless')
      const span = await bed.serverSpan()
      checkSame(logsOf(span, 'aborted').length, 1, 'the number of logs that say "aborted"')
      checkSame(span.tags['http.status_code'], 200, 'http.status_code')
    },
  },
]

function pathFor(status: number): string {
  return status === 404 ? '/refused' : '/teapot'
}

/** The very error, one log, the status that was sent, and a body as without tracing. */
async function checkFailure(bed: ServerBed, name: string): Promise<void> {
  const path = `/${name}`
  const { span, answer } = await bed.visit(path)
  const error = bed.work.errors.get(name)
  check(error !== undefined, 'the handler has failed')
  checkSame(answer.status, 500, 'the status')
  checkSame(span.tags['http.status_code'], 500, 'http.status_code')
  checkSame(span.tags['error'], true, 'error')
  const logs = logsOf(span, 'error')
  checkSame(logs.length, 1, 'the number of error logs')
  checkSame(logs[0]?.['error.object'], error, 'error.object')
  checkSame(bed.tracer.activeSpan, null, 'the active span afterwards')
  const { status, body } = await untouched(bed, path)
  checkSame(answer.status, status, 'the status with and without tracing')
  checkSame(answer.body, body, 'the body with and without tracing')
}

/** What the application answers when the request is nobody's business. */
async function untouched(bed: ServerBed, path: string): Promise<{ status: number; body: string }> {
  await bed.start({ ignore: () => true })
  bed.tracer.reset()
  const answer = await bed.ask(path)
  checkSame((await bed.spans()).length, 0, 'the number of spans of an ignored request')
  return answer
}
