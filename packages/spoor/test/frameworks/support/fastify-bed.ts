import { afterEach, beforeEach, describe } from 'node:test'
import { shutdown } from 'spoor'
import { MockTracer } from 'spoor/testing'
import type { Answer } from '../../instrumentations/support/web.ts'
import { loadFastify, majors } from './fastify-server.ts'
import { type Asking, type Visit, visit, visitUntraced } from './visits.ts'

/** What a Fastify handler or hook calls when it is done. */
export type Done = (error?: Error) => void

/** A fresh application for every test. */
export class FastifyBed {
  readonly major: 4 | 5
  readonly tracer: MockTracer = new MockTracer()
  app: any
  origin = ''

  constructor(major: 4 | 5) {
    this.major = major
  }

  /** Puts a new application in place of the one that is there: `init()` sees those that are made after it. */
  readonly renew = async (options: object = {}): Promise<void> => {
    await this.app?.close()
    this.app = loadFastify(this.major)({ forceCloseConnections: true, ...options })
  }

  readonly open = async (): Promise<void> => {
    this.origin = await this.app.listen({ port: 0, host: '127.0.0.1' })
  }

  readonly see = (path: string, asking: Asking = {}): Promise<Visit> =>
    visit(this.tracer, this.origin, path, asking)

  readonly seeNothing = (path: string): Promise<Answer> => visitUntraced(this.tracer, this.origin, path)
}

/** Runs cases with every major. */
export function describeFastify(title: string, cases: (bed: FastifyBed) => void): void {
  for (const major of majors) {
    describe(`${title}: fastify ${major}`, () => {
      const bed = new FastifyBed(major)
      beforeEach(async () => {
        bed.tracer.reset()
        await bed.renew()
      })
      afterEach(async () => {
        await bed.app.close()
        await shutdown()
      })
      cases(bed)
    })
  }
}

/** The handler of `GET /users/:id`. */
export async function greet(request: any): Promise<string> {
  return `user ${request.params.id}`
}
