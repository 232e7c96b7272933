import { FORMAT_TEXT_MAP } from '../../api/format.ts'
import type { Span } from '../../api/span.ts'
import type { SpanContext } from '../../api/span-context.ts'
import { SPAN_KIND, SPAN_KIND_RPC_CLIENT, SPAN_KIND_RPC_SERVER } from '../../api/tags.ts'
import type { Tracer } from '../../api/tracer.ts'
import {
  assertChildOf,
  assertNamesEqual,
  assertNoParent,
  assertNotSameTrace,
  findOneByName,
  findOneByTag,
} from '../assertions.ts'
import { check, checkSame } from '../check.ts'
import type { Case } from '../runner.ts'
import { later, prepareBed, type TestbedOptions } from './bed.ts'

/** Requests, their handlers, and where a request's span finds its parent. */
export function describeHandlers(it: Case, options: TestbedOptions): void {
  it('TB-02: a server continues the trace that its client has put into the message', async () => {
    const { tracer, wait } = prepareBed(options)
    const queue: Record<string, string>[] = []
    const client = (): void => {
      const scope = tracer.startActiveSpan('send', { tags: { [SPAN_KIND]: SPAN_KIND_RPC_CLIENT } })
      const message = {}
      tracer.inject(scope.span!.context(), FORMAT_TEXT_MAP, message)
      queue.push(message)
      scope.close()
    }
    const server = (): void => {
      const parent = tracer.extract(FORMAT_TEXT_MAP, queue.shift())
      const tags = { [SPAN_KIND]: SPAN_KIND_RPC_SERVER }
      tracer.startActiveSpan('receive', { childOf: parent, tags }).close()
    }
    await later(client)
    await later(server)
    const spans = await wait(2)
    const sent = findOneByTag(spans, SPAN_KIND, SPAN_KIND_RPC_CLIENT)
    const received = findOneByTag(spans, SPAN_KIND, SPAN_KIND_RPC_SERVER)
    check(sent !== undefined && received !== undefined, 'there is one span of each kind')
    assertChildOf(received, sent)
    assertNoParent(sent)
  })

  it('TB-03a: a handler that is shared by all requests gives each of them a trace of its own', async () => {
    const { tracer, wait } = prepareBed(options)
    const client = new Client(tracer, new RequestHandler(tracer, { ignoreActiveSpan: true }))
    const responses = await Promise.all([client.send('message1'), client.send('message2')])
    checkSame(responses.join(), 'message1::response,message2::response', 'The responses')
    const [one, two] = await wait(2)
    for (const span of [one!, two!]) {
      check(findOneByTag([span], SPAN_KIND, SPAN_KIND_RPC_CLIENT) === span, 'its kind is client')
      assertNoParent(span)
    }
    assertNotSameTrace(one!, two!)
  })

  it('TB-03b: a handler that ignores the active span makes a root, even under an active parent', async () => {
    const { tracer, wait } = prepareBed(options)
    const client = new Client(tracer, new RequestHandler(tracer, { ignoreActiveSpan: true }))
    await tracer.startActiveSpan('parent', () => client.send('message'))
    const spans = await wait(2)
    const [parent, send] = [findOneByName(spans, 'parent')!, findOneByName(spans, 'send')!]
    assertNoParent(parent)
    assertNoParent(send)
    assertNotSameTrace(parent, send)
  })

  it('TB-03c: a parent that is stored once for all requests adopts requests that are none of its own', async () => {
    const { tracer, finished, wait } = prepareBed(options)
    const parent = tracer.startSpan('parent')
    const handler = new RequestHandler(tracer, { ignoreActiveSpan: true, childOf: parent.context() })
    const client = new Client(tracer, handler)
    await tracer.scopeManager.with(parent, () => client.send('of the parent'))
    parent.finish()
    await client.send('unrelated')
    const [related, finishedParent, unrelated] = await wait(3)
    assertNamesEqual(finished(), ['send', 'parent', 'send'])
    assertChildOf(related!, finishedParent!)
    // This is why nobody should write it so: the second request has nothing to do with the parent.
    assertChildOf(unrelated!, finishedParent!)
  })

  if (options.asynchronous === false) return
  it('TB-03d: a handler that takes the active span gives each request the parent it was sent under', async () => {
    const { tracer, finished, wait } = prepareBed(options)
    const client = new Client(tracer, new RequestHandler(tracer, {}))
    await tracer.startActiveSpan('parent', () => client.send('of the parent'))
    await client.send('unrelated')
    const [related, parent, unrelated] = await wait(3)
    assertNamesEqual(finished(), ['send', 'parent', 'send'])
    assertChildOf(related!, parent!)
    assertNoParent(unrelated!)
    assertNotSameTrace(unrelated!, parent!)
  })
}

interface Parentage {
  ignoreActiveSpan?: boolean
  childOf?: SpanContext
}

/** Keeps the span of a request in what belongs to the request, because its two halves run in different tasks. */
class RequestHandler {
  readonly #tracer: Tracer
  readonly #parentage: Parentage
  readonly #spans = new Map<object, Span>()

  constructor(tracer: Tracer, parentage: Parentage) {
    this.#tracer = tracer
    this.#parentage = parentage
  }

  before(request: object): void {
    const tags = { [SPAN_KIND]: SPAN_KIND_RPC_CLIENT }
    this.#spans.set(request, this.#tracer.startSpan('send', { ...this.#parentage, tags }))
  }

  after(request: object): void {
    this.#spans.get(request)?.finish()
    this.#spans.delete(request)
  }
}

class Client {
  readonly #tracer: Tracer
  readonly #handler: RequestHandler

  constructor(tracer: Tracer, handler: RequestHandler) {
    this.#tracer = tracer
    this.#handler = handler
  }

  /** Sends in one task, receives in another that knows nothing of the sender. */
  async send(message: string): Promise<string> {
    const request = { message }
    await later(() => this.#handler.before(request))
    await this.#tracer.scopeManager.noParent(() => later(() => this.#handler.after(request)))
    return `${message}::response`
  }
}
