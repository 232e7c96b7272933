import type { StartActiveSpanOptions, Tracer } from '../../api/tracer.ts'
import {
  assertChildOf,
  assertNamesEqual,
  assertNoParent,
  findOneByName,
  type TestedSpan,
} from '../assertions.ts'
import type { Case } from '../runner.ts'
import { later, type PreparedBed, pause, prepareBed, type TestbedOptions } from './bed.ts'

/** Work that schedules work: who the parent is when callbacks, coroutines and tasks start each other. */
export function describeNesting(it: Case, options: TestbedOptions): void {
  it('TB-07b: callbacks that callbacks have scheduled see the span under which the first was scheduled', async () => {
    const bed = prepareBed(options)
    bed.tracer.startActiveSpan('parent', () => {
      schedule(() => {
        span(bed.tracer, 'first')
        schedule(() => span(bed.tracer, 'second'))
      })
    })
    await assertChildren(bed, ['first', 'second'])
  })

  it('TB-07c: callbacks that a coroutine has scheduled see the span of the coroutine', async () => {
    const bed = prepareBed(options)
    const coroutine = async (): Promise<void> => {
      await pause()
      schedule(() => span(bed.tracer, 'first'))
      await pause()
      schedule(() => span(bed.tracer, 'second'))
    }
    await bed.tracer.startActiveSpan('parent', coroutine)
    await assertChildren(bed, ['first', 'second'])
  })

  it('TB-07d: tasks that a coroutine has started see the span of the coroutine', async () => {
    const bed = prepareBed(options)
    const task = async (name: string): Promise<void> => {
      await pause()
      span(bed.tracer, name)
    }
    await bed.tracer.startActiveSpan('parent', async () => {
      await pause()
      void task('first')
      void task('second')
    })
    await assertChildren(bed, ['first', 'second'])
  })

  it('TB-07e: work that schedules itself under its own span forms a chain', async () => {
    const bed = prepareBed(options)
    recurse(bed.tracer, 0, {})
    const spans = await bed.wait(4)
    assertNoParent(named(spans, 'step 0'))
    for (const depth of [1, 2, 3]) {
      assertChildOf(named(spans, `step ${depth}`), named(spans, `step ${depth - 1}`))
    }
  })

  it('TB-07f: work that schedules itself and ignores the active span makes roots', async () => {
    const bed = prepareBed(options)
    recurse(bed.tracer, 0, { ignoreActiveSpan: true })
    const spans = await bed.wait(4)
    for (const root of spans) assertNoParent(root)
  })

  it('TB-07g: tasks that are started in noParent() are roots, their siblings before and after are not', async () => {
    const bed = prepareBed(options)
    const task = async (name: string): Promise<void> => {
      await pause()
      span(bed.tracer, name)
    }
    await bed.tracer.startActiveSpan('parent', async () => {
      const before = task('before')
      const inside = bed.tracer.scopeManager.noParent(() => task('inside'))
      await Promise.all([before, inside, task('after')])
    })
    await assertOnlyInsideIsRoot(bed)
  })

  it('TB-07h: callbacks that are scheduled in noParent() are roots, their siblings before and after are not', async () => {
    const bed = prepareBed(options)
    bed.tracer.startActiveSpan('parent', () => {
      schedule(() => span(bed.tracer, 'before'))
      bed.tracer.scopeManager.noParent(() => schedule(() => span(bed.tracer, 'inside')))
      schedule(() => span(bed.tracer, 'after'))
    })
    await assertOnlyInsideIsRoot(bed)
  })

  it('TB-07i: coroutines that are awaited in noParent() are roots, their siblings before and after are not', async () => {
    const bed = prepareBed(options)
    const coroutine = async (name: string): Promise<void> => {
      span(bed.tracer, name)
      await pause()
    }
    await bed.tracer.startActiveSpan('parent', async () => {
      await coroutine('before')
      await bed.tracer.scopeManager.noParent(async () => {
        await pause()
        await coroutine('inside')
      })
      await coroutine('after')
    })
    await assertOnlyInsideIsRoot(bed)
  })
}

function schedule(callback: () => void): void {
  void later(callback)
}

function span(tracer: Tracer, name: string): void {
  tracer.startActiveSpan(name).close()
}

function recurse(tracer: Tracer, depth: number, options: StartActiveSpanOptions): void {
  tracer.startActiveSpan(`step ${depth}`, options, () => {
    if (depth < 3) schedule(() => recurse(tracer, depth + 1, options))
  })
}

function named(spans: readonly TestedSpan[], name: string): TestedSpan {
  const found = findOneByName(spans, name)
  if (found === undefined) throw new Error(`No span is called ${JSON.stringify(name)}`)
  return found
}

async function assertChildren({ wait }: PreparedBed, names: readonly string[]): Promise<void> {
  const spans = await wait(names.length + 1)
  const parent = named(spans, 'parent')
  assertNoParent(parent)
  for (const name of names) assertChildOf(named(spans, name), parent)
}

async function assertOnlyInsideIsRoot({ wait }: PreparedBed): Promise<void> {
  const spans = await wait(4)
  const parent = named(spans, 'parent')
  assertNamesEqual([...spans].sort(byName), ['after', 'before', 'inside', 'parent'])
  assertChildOf(named(spans, 'before'), parent)
  assertChildOf(named(spans, 'after'), parent)
  assertNoParent(named(spans, 'inside'))
}

function byName(one: TestedSpan, other: TestedSpan): number {
  return (one.operationName ?? one.name ?? '') < (other.operationName ?? other.name ?? '') ? -1 : 1
}
