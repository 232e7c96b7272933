import type { Span } from '../../api/span.ts'
import { SPAN_KIND, SPAN_KIND_RPC_CLIENT } from '../../api/tags.ts'
import {
  assertChildOf,
  assertNamesEqual,
  assertNoParent,
  assertNotSameTrace,
  assertSameTrace,
  findOneByTag,
  tagsOf,
} from '../assertions.ts'
import { check, checkSame } from '../check.ts'
import type { Case } from '../runner.ts'
import { carrier, later, pause, prepareBed, type TestbedOptions } from './bed.ts'

/** Spans that begin, continue and end in different tasks. */
export function describeTasks(it: Case, options: TestbedOptions): void {
  it('TB-01: a span from elsewhere is activated and finished inside another, which is active again after it', async () => {
    const { tracer, finished, wait } = prepareBed(options)
    const task = (initial: Span): void => {
      const outer = tracer.startActiveSpan('task')
      tracer.scopeManager.activate(initial, true).close()
      checkSame(tracer.activeSpan, outer.span, 'The active span after the initial one')
      tracer.startActiveSpan('subtask').close()
      outer.close()
    }
    const initial = tracer.startSpan('initial')
    await later(() => task(initial))
    const [first, subtask, outer] = await wait(3)
    assertNamesEqual(finished(), ['initial', 'subtask', 'task'])
    assertChildOf(subtask!, outer!)
    assertNotSameTrace(first!, subtask!)
    assertNoParent(first!)
    assertNoParent(outer!)
  })

  it('TB-04: a parent that is finished after its asynchronous children is still their parent', async () => {
    const { tracer, finished, wait } = prepareBed(options)
    const parent = tracer.startSpan('parent')
    const subtask = (name: string): void => {
      const borrowed = tracer.scopeManager.activate(parent, false)
      tracer.startActiveSpan(name).close()
      borrowed.close()
    }
    await later(() => subtask('task1'))
    await later(() => subtask('task2'))
    parent.finish()
    const [task1, task2, last] = await wait(3)
    assertNamesEqual(finished(), ['task1', 'task2', 'parent'])
    assertChildOf(task1!, last!)
    assertChildOf(task2!, last!)
    assertNoParent(last!)
  })

  it('TB-05: a listener that is made for one request finishes its span', async () => {
    const { tracer, wait } = prepareBed(options)
    const send = (message: string): Promise<string> => {
      const span = tracer.startSpan('send', { tags: { [SPAN_KIND]: SPAN_KIND_RPC_CLIENT } })
      const listener = {
        onResponse(response: string): string {
          span.finish()
          return response
        },
      }
      return later(() => listener.onResponse(`${message}::response`))
    }
    checkSame(await send('message'), 'message::response', 'The response')
    const spans = await wait(1)
    assertNamesEqual(spans, ['send'])
    check(findOneByTag(spans, SPAN_KIND, SPAN_KIND_RPC_CLIENT) !== undefined, 'its kind is client')
  })

  it('TB-06: a parent is finished when the last of its concurrent children is', async () => {
    const { tracer, wait } = prepareBed(options)
    const carry = carrier(tracer, options)
    const child = (): void => tracer.startActiveSpan('task').close()
    await tracer.startActiveSpan('parent', () =>
      Promise.all([3, 1, 2].map((milliseconds) => later(carry(child), milliseconds))),
    )
    const spans = await wait(4)
    assertNamesEqual(spans, ['task', 'task', 'task', 'parent'])
    for (const span of spans.slice(0, 3)) assertChildOf(span, spans[3]!)
  })

  it('TB-07: one span follows a chain of callbacks, each of which tags it; the last one finishes it', async () => {
    const { tracer, wait } = prepareBed(options)
    const { scopeManager } = tracer
    const span = tracer.startSpan('one')
    const step = (number: number): Promise<void> | void => {
      scopeManager.with(span, () => tracer.activeSpan?.setTag(`key${number}`, String(number)))
      if (number < 3) return later(() => step(number + 1))
      span.finish()
    }
    await later(() => step(1))
    const spans = await wait(1)
    assertNamesEqual(spans, ['one'])
    for (const number of [1, 2, 3]) {
      checkSame(tagsOf(spans[0]!)[`key${number}`], String(number), `The tag key${number}`)
    }
  })

  it('TB-08: a subtask whose result is awaited starts its span under that of its caller', async () => {
    const { tracer, finished, wait } = prepareBed(options)
    const carry = carrier(tracer, options)
    const childTask = (message: string): string =>
      tracer.startActiveSpan('child', () => `${message}::response`)
    const parentTask = (message: string): Promise<string> =>
      tracer.startActiveSpan('parent', () => later(carry(() => childTask(message))))
    checkSame(await parentTask('message'), 'message::response', 'The result')
    const [child, parent] = await wait(2)
    assertNamesEqual(finished(), ['child', 'parent'])
    assertSameTrace(child!, parent!)
    assertChildOf(child!, parent!)
    await pause()
    checkSame(finished().length, 2, 'Number of spans')
  })
}
