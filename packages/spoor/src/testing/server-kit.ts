import { isolatedCases, type Runner } from './runner.ts'
import { ServerBed, type ServerCase } from './server-kit-bed.ts'
import { endingCases } from './server-kit-endings.ts'
import { flowCases } from './server-kit-flow.ts'
import { optionCases } from './server-kit-options.ts'
import { requestCases } from './server-kit-requests.ts'
import type { ServerUnderTest, Way } from './server-setup.ts'

const cases: readonly ServerCase[] = [...requestCases, ...endingCases, ...flowCases, ...optionCases]

const titles: { readonly [way in Way]: string } = {
  everything: 'traced by init()',
  attached: 'traced by an attached tracing object',
  marked: 'traced by marks on its handlers',
}

/**
 * The contract of server instrumentations and of tracing objects, proved on a real application over real sockets. Every
 * case runs in each of the ways to trace, and starts the application anew.
 *
 * @param runner the module of your test library: `node:test`, vitest, jest's or mocha's globals
 * @param ways by default all of them
 *
 * @example
 * import * as runner from 'node:test'
 * import { serverKit } from 'spoor/testing'
 *
 * serverKit({ name: 'express 5', component: 'express', start: startExpress }, runner)
 */
export function serverKit(
  server: ServerUnderTest,
  runner: Runner,
  ways: readonly Way[] = ['everything', 'attached', 'marked'],
): void {
  const isolated = isolatedCases(runner)
  for (const way of ways) {
    runner.describe(`the contract of servers: ${server.name}, ${titles[way]}`, () => {
      for (const serverCase of cases) {
        const { title, needs, options, ways: some = ways } = serverCase
        if (!some.includes(way) || needs.some((path) => server.lacks?.includes(path))) continue
        isolated(title, async () => {
          const bed = new ServerBed(server, way)
          try {
            await bed.start(options)
            await serverCase.run(bed)
          } finally {
            await bed.stop()
          }
        })
      }
    })
  }
}
