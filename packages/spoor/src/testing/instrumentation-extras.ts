import { MemorySink } from '../export/memory.ts'
import { check, checkSame } from './check.ts'
import { MANY, settled, type TracerInUse } from './instrumentation-bed.ts'
import type { InstrumentationKitOptions } from './instrumentation-kit.ts'

/** The parts of the contract of instrumentations that not every library has. */

type Test<Client> = (
  title: string,
  body: (client: Client, tracer: TracerInUse, sink: MemorySink) => Promise<void>,
) => void

/** What holds of operations with a callback. */
export function registerCallbackCases<Library, Client>(
  test: Test<Client>,
  options: InstrumentationKitOptions<Library, Client>,
): void {
  test('a callback runs in the span of its caller', async (client, tracer, sink) => {
    await tracer.startActiveSpan('caller', (caller) =>
      inCallback(options, client, () => {
        checkSame(tracer.activeSpan, caller, 'the active span')
      }),
    )
    checkSame((await settled(sink)).length, 2, 'the number of spans')
  })

  test(`${MANY} callbacks at once each run in the span of their own caller`, async (client, tracer, sink) => {
    await Promise.all(
      Array.from({ length: MANY }, () =>
        tracer.startActiveSpan('caller', (caller) =>
          inCallback(options, client, () => checkSame(tracer.activeSpan, caller, 'the active span')),
        ),
      ),
    )
    checkSame((await settled(sink)).length, 2 * MANY, 'the number of spans')
  })
}

/** What holds of the methods that are patched. */
export function registerMethodCases<Library, Client>(
  isolated: (title: string, body: () => Promise<void>) => void,
  options: InstrumentationKitOptions<Library, Client>,
): void {
  const { tracing, load } = options

  isolated(
    'methods look as before while they are traced, and are the same functions afterwards',
    async () => {
      const library = await load()
      const before = options
        .methods?.(library)
        .map(([owner, name]) => Object.getOwnPropertyDescriptor(owner, name))
      tracing.init({ exporters: [new MemorySink()] })
      try {
        for (const [index, [owner, name]] of (options.methods?.(library) ?? []).entries()) {
          const original = before?.[index]?.value
          const traced = (owner as { [name: string]: any })[name]
          check(traced !== original, `${name} is traced`)
          checkSame(traced.name, original.name, `the name of ${name}`)
          checkSame(traced.length, original.length, `the length of ${name}`)
          checkSame(
            Object.getOwnPropertyDescriptor(owner, name)?.enumerable,
            before?.[index]?.enumerable,
            `whether ${name} is enumerable`,
          )
        }
      } finally {
        await tracing.shutdown()
      }
      for (const [index, [owner, name]] of (options.methods?.(library) ?? []).entries()) {
        checkSame(Object.getOwnPropertyDescriptor(owner, name)?.value, before?.[index]?.value, name)
      }
    },
  )
}

/** Calls with a callback, which may throw: what it throws becomes the rejection. */
function inCallback<Library, Client>(
  options: InstrumentationKitOptions<Library, Client>,
  client: Client,
  body: () => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    options.callback?.(client, (error) => {
      try {
        if (error) throw error
        body()
        resolve()
      } catch (thrown) {
        reject(thrown)
      }
    })
  })
}
