import { createServer } from 'node:http'
import { afterEach, beforeEach, describe } from 'node:test'
import { shutdown } from 'spoor'
import { MockTracer } from 'spoor/testing'
import { type Answer, type Listening, listen } from '../../instrumentations/support/web.ts'
import { stack, stacks } from './koa-server.ts'
import { type Visit, visit, visitUntraced } from './visits.ts'

type Handler = (context: any, next: any) => unknown

/** Serves one application after the other. */
export class KoaBed {
  readonly tracer: MockTracer = new MockTracer()
  readonly Koa: any
  readonly Router: any
  #site: Listening | null = null

  constructor(koa: string, router: string) {
    Object.assign(this, stack(koa, router))
  }

  get origin(): string {
    return (this.#site as Listening).origin
  }

  /** @param create makes the server; one of `node:http` by default */
  readonly open = async (app: any, create: (callback: any) => any = createServer): Promise<void> => {
    app.silent = true
    this.#site = await listen(create(app.callback()))
  }

  async close(): Promise<void> {
    await this.#site?.close()
    this.#site = null
  }

  readonly see = (path: string, headers: { [name: string]: string } = {}): Promise<Visit> =>
    visit(this.tracer, this.origin, path, { headers })

  readonly seeNothing = (path: string): Promise<Answer> => visitUntraced(this.tracer, this.origin, path)

  /** An application with the route `GET /users/:id`. */
  readonly users = (handler: Handler = greet): any => {
    const routes = new this.Router()
    routes.get('/users/:id', handler)
    return new this.Koa().use(routes.routes())
  }
}

/** Runs cases with every major of Koa and its router. */
export function describeKoa(title: string, cases: (bed: KoaBed) => void): void {
  for (const [name, koa, router] of stacks) {
    describe(`${title}: ${name} with ${router}`, () => {
      const bed = new KoaBed(koa, router)
      beforeEach(() => bed.tracer.reset())
      afterEach(async () => {
        await bed.close()
        await shutdown()
      })
      cases(bed)
    })
  }
}

/** The handler of `GET /users/:id`. */
export function greet(context: any): void {
  context.body = `user ${context.params.id}`
}
