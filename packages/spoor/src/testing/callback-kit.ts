import type { Span } from '../api/span.ts'
import type { Tracer } from '../api/tracer.ts'
import { check, checkList, checkSame } from './check.ts'
import type { Case } from './runner.ts'
import { shadow, watchFinish } from './watch-span.ts'

interface CallbackKitOptions {
  tracer(): Tracer
  isParent(parent: Span | null, child: Span): boolean
}

/** The part of a tracer's contract that opentracing-python has no like of: spans that live as long as a callback. */
export function describeCallbacks(it: Case, { tracer: make, isParent }: CallbackKitOptions): void {
  it('AC-N1: a callback runs with its span active, and what was active before is active after', () => {
    const tracer = make()
    tracer.startActiveSpan('outer', (outer) => {
      checkSame(tracer.activeSpan, outer, 'The active span in the outer callback')
      tracer.startActiveSpan('inner', (inner) => {
        checkSame(tracer.activeSpan, inner, 'The active span in the inner callback')
        check(isParent(outer, inner), 'the inner span is a child of the outer')
      })
      checkSame(tracer.activeSpan, outer, 'The active span after the inner callback')
    })
    checkSame(tracer.activeSpan, null, 'The active span after the outer callback')
  })

  it('AC-N2: a synchronous callback finishes its span once, also when it throws', () => {
    const tracer = make()
    for (const body of [() => 'done', () => raise(new Error('stop'))]) {
      let finishes = 0
      try {
        tracer.startActiveSpan('Fry', (span) => {
          watchFinish(span, () => (finishes += 1))
          return body()
        })
      } catch {}
      checkSame(finishes, 1, 'Calls of finish()')
    }
  })

  it('AC-N3: a promise is returned as it is, and the span finished when it has settled', async () => {
    const tracer = make()
    let resolve = (_value: string): void => {}
    const promise = new Promise<string>((done) => (resolve = done))
    let finishes = 0
    const returned = tracer.startActiveSpan('Fry', (span) => {
      watchFinish(span, () => (finishes += 1))
      return promise
    })
    checkSame(returned, promise, 'What startActiveSpan() returns')
    checkSame(finishes, 0, 'Calls of finish() while the promise is pending')
    resolve('delivered')
    checkSame(await returned, 'delivered', 'What the promise resolves to')
    checkSame(finishes, 1, 'Calls of finish()')
  })

  it('AC-N4: an error is recorded as a tag and a log, whether thrown or rejected', async () => {
    const tracer = make()
    const failure = new TypeError('stop')
    const bodies = [() => raise(failure), () => Promise.reject(failure)]
    for (const body of bodies) {
      const tags: unknown[] = []
      const logs: Record<string, unknown>[] = []
      try {
        await tracer.startActiveSpan('Fry', (span) => {
          shadow(span, 'setTag', (key, value) => tags.push(key, value))
          shadow(span, 'log', (fields) => logs.push(fields as Record<string, unknown>))
          return body()
        })
      } catch (error) {
        checkSame(error, failure, 'The error that arrives')
      }
      checkList(tags, ['error', true], 'The tags set')
      checkSame(logs.length, 1, 'Number of logs')
      checkSame(logs[0]?.['event'], 'error', 'The log field event')
      checkSame(logs[0]?.['error.object'], failure, 'The log field error.object')
    }
  })

  it('AC-N5: with finishOnClose false, the callback leaves its span unfinished', async () => {
    let finishes = 0
    const span = await make().startActiveSpan('Fry', { finishOnClose: false }, async (started) => {
      watchFinish(started, () => (finishes += 1))
      return started
    })
    checkSame(finishes, 0, 'Calls of finish()')
    span.finish()
  })

  it('AC-N6: the options of the callback form give parents and tags as those of startSpan() do', () => {
    const tracer = make()
    const parent = tracer.startSpan('Fry')
    tracer.startActiveSpan('Leela', { childOf: parent }, (child) => {
      check(isParent(parent, child), 'the span is a child of the one given')
      tracer.startActiveSpan('Bender', { ignoreActiveSpan: true, tags: { bending: true } }, (root) => {
        check(isParent(null, root), 'the span has no parent')
      })
    })
    parent.finish()
  })
}

function raise(error: Error): never {
  throw error
}
