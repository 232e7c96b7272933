import type { ScopeManager } from '../api/scope.ts'
import type { Span } from '../api/span.ts'
import { check, checkList, checkSame } from './check.ts'
import type { Case } from './runner.ts'
import { StandInSpan } from './stand-in-span.ts'

/**
 * What concurrent asynchronous flows may and may not see of each other's active span. Part of the contract of a
 * scope manager that follows flows; opentracing-python's suite does not notice a manager that mixes them up.
 */
export function describeFlows(it: Case, make: () => ScopeManager): void {
  siblings(it, make)
  continuations(it, make)
  loops(it, make)
}

function siblings(it: Case, make: () => ScopeManager): void {
  it('SC-N1: two concurrent tasks that each activate a span do not see each other, nor does their parent', async () => {
    const manager = make()
    const parent = new StandInSpan('parent')
    const task = async (span: StandInSpan): Promise<void> => {
      await pause()
      checkSame(manager.activeSpan, parent, 'activeSpan at the start of a task')
      const scope = manager.activate(span, true)
      await pause()
      checkSame(manager.activeSpan, span, 'activeSpan of a task after another has activated its own')
      scope.close()
      checkSame(manager.activeSpan, parent, 'activeSpan of a task after it has closed its scope')
    }
    const children = [new StandInSpan('one'), new StandInSpan('two')]
    await manager.with(parent, async () => {
      await Promise.all(children.map(task))
      checkSame(manager.activeSpan, parent, 'activeSpan of the parent')
    })
    checkList(
      children.map((span) => span.finishes),
      [1, 1],
      'Calls of finish()',
    )
    checkSame(manager.activeSpan, null, 'activeSpan outside')
  })

  it('SC-N12: a hundred interleaved callbacks keep their own spans', async () => {
    const manager = make()
    const task = (span: StandInSpan, i: number): Promise<void> =>
      manager.with(span, async () => {
        for (let step = 0; step < 5; step++) {
          await pause((i * 7 + step * 3) % 5)
          checkSame(manager.activeSpan, span, `activeSpan of task ${i} at step ${step}`)
        }
      })
    await Promise.all(Array.from({ length: 100 }, (_, i) => task(new StandInSpan(`span ${i}`), i)))
    checkSame(manager.activeSpan, null, 'activeSpan outside')
  })

  it('SC-N13: an asynchronous callback leaves its caller as it was, before and after it settles', async () => {
    const manager = make()
    const [outer, inner] = [new StandInSpan('outer'), new StandInSpan('inner')]
    await manager.with(outer, async () => {
      const running = manager.with(inner, async () => {
        await pause()
        throw new Error('stop')
      })
      const settled = running.catch(() => {})
      checkSame(manager.activeSpan, outer, 'activeSpan while the callback is running')
      await settled
      checkSame(manager.activeSpan, outer, 'activeSpan after the callback has failed')
    })
  })
}

/** Each way to come back later, as a promise of what is active then. */
const WAYS_BACK: Record<string, (active: () => Span | null) => Promise<Span | null>> = {
  'an await': async (active) => {
    await null
    return active()
  },
  'an await of something settled elsewhere': async (active) => {
    await settledElsewhere
    return active()
  },
  'an await of a thenable': async (active) => {
    // biome-ignore lint/suspicious/noThenProperty: a thenable of somebody's own is what is tried here
    await { then: (resume: (value: null) => void) => setTimeout(resume, 0, null) }
    return active()
  },
  'a microtask': (active) => new Promise((resolve) => queueMicrotask(() => resolve(active()))),
  'a timer': (active) => new Promise((resolve) => setTimeout(() => resolve(active()), 1)),
  'an interval': (active) =>
    new Promise((resolve) => {
      const interval = setInterval(() => {
        clearInterval(interval)
        resolve(active())
      }, 1)
    }),
  'a rejected promise': (active) => Promise.reject(new Error('stop')).catch(active),
  'a finally': async (active) => {
    let seen: Span | null = null
    await pause().finally(() => {
      seen = active()
    })
    return seen
  },
  'an asynchronous iteration': async (active) => {
    for await (const seen of pulled(active)) return seen
    return null
  },
}

const settledElsewhere = Promise.resolve()

async function* pulled(active: () => Span | null): AsyncGenerator<Span | null> {
  await pause()
  yield active()
}

function continuations(it: Case, make: () => ScopeManager): void {
  for (const [way, comeBack] of Object.entries(WAYS_BACK)) {
    it(`SC-N14: the span of a callback is active after ${way}`, async () => {
      const manager = make()
      const span = new StandInSpan('Fry')
      const seen = await manager.with(span, () => comeBack(() => manager.activeSpan))
      checkSame(seen, span, `activeSpan after ${way}`)
      checkSame(manager.activeSpan, null, 'activeSpan outside')
    })
  }

  it('SC-N15: what a task starts before it closes its scope keeps the span afterwards', async () => {
    const manager = make()
    const span = new StandInSpan('Fry')
    await pause()
    const scope = manager.activate(span, false)
    const later = pause().then(() => manager.activeSpan)
    scope.close()
    checkSame(manager.activeSpan, null, 'activeSpan after close()')
    checkSame(await later, span, 'activeSpan of what was started before')
  })

  it('SC-N16: a bound callback keeps its span through a queue that somebody else drains', async () => {
    const manager = make()
    const [waiting, draining] = [new StandInSpan('waiting'), new StandInSpan('draining')]
    const queue: (() => void)[] = []
    const loose: (Span | null)[] = []
    const bound: (Span | null)[] = []
    manager.with(waiting, () => {
      queue.push(() => loose.push(manager.activeSpan))
      queue.push(manager.bind(() => bound.push(manager.activeSpan)))
    })
    await manager.with(draining, async () => {
      await pause()
      for (const callback of queue) callback()
    })
    checkList(loose, [draining], 'activeSpan in a callback that is not bound')
    checkList(bound, [waiting], 'activeSpan in a bound callback')
  })
}

function loops(it: Case, make: () => ScopeManager): void {
  it('SC-N17: a background loop that is started in noParent() never sees the span of its starter', async () => {
    const manager = make()
    const seen: (Span | null)[] = []
    await manager.with(new StandInSpan('starter'), async () => {
      const stopped = new Promise<void>((resolve) => {
        manager.noParent(() => {
          const interval = setInterval(() => {
            if (seen.push(manager.activeSpan) < 3) return
            clearInterval(interval)
            resolve()
          }, 1)
        })
      })
      await stopped
      check(manager.activeSpan !== null, 'the starter still sees its own span')
    })
    checkList(seen, [null, null, null], 'activeSpan in the loop')
  })
}

function pause(milliseconds = 1): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
