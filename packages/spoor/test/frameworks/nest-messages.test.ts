import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { init, shutdown } from 'spoor'
import { NestTracing, TracingModule } from 'spoor/nest'
import { type MockSpan, MockTracer } from 'spoor/testing'
import { decorate, loaded, type Method, type Nest } from './support/nest.ts'
import { errorsOf, settled } from './support/visits.ts'

type Way = 'everything' | 'attached' | 'module' | 'marked'

for (const major of [11, 12]) {
  // The way `everything` comes first: ES modules have to be hooked before they are loaded.
  for (const way of ['everything', 'attached', 'module', 'marked'] as const) {
    describe(`messages of Nest ${major} over TCP, ${way}`, () => {
      let tracer: MockTracer
      let nest: Nest
      let service: any
      let client: any

      before(async () => {
        if (way === 'everything') init({ tracer: new MockTracer() })
        nest = await loaded(major)
        if (way === 'everything') await shutdown()
      })

      beforeEach(async () => {
        tracer = new MockTracer()
        if (way === 'everything') init({ tracer })
        service = await start(nest, way, tracer)
        const { Transport, ClientProxyFactory } = nest.microservices
        const { port } = service.unwrap().address()
        client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } })
        await client.connect()
      })

      afterEach(async () => {
        client.close()
        await service.close()
        await shutdown()
      })

      after(() => shutdown())

      const send = (pattern: unknown, data: unknown): Promise<unknown> =>
        nest.rxjs.lastValueFrom(client.send(pattern, data))

      const only = async (): Promise<MockSpan> => {
        const servers = (await settled(tracer)).filter(({ tags }) => tags['span.kind'] === 'server')
        assert.equal(servers.length, 1, servers.map(({ operationName }) => operationName).join())
        return servers[0] as MockSpan
      }

      it('makes one server span per message, named by its pattern, with who handles it', async () => {
        assert.equal(await send({ cmd: 'sum' }, { values: [1, 2] }), 3)
        const span = await only()
        assert.equal(span.operationName, '{"cmd":"sum"}')
        assert.equal(span.tags['component'], 'nest')
        assert.equal(span.tags['nest.pattern'], '{"cmd":"sum"}')
        assert.equal(span.tags['nest.controller'], 'Sums')
        assert.equal(span.tags['nest.handler'], 'sum')
        assert.equal(span.tags['error'], undefined)
        assert.equal(span.logs.length, 0)
        if (way === 'marked') assert.equal(span.tags['data.unit'], undefined)
      })

      it('is active in the handler, until the observable that it gives is over', async () => {
        assert.equal(await send('count', 3), 3)
        const spans = await settled(tracer)
        const names = spans.map(({ operationName }) => operationName)
        assert.deepEqual(names, ['step 1', 'step 2', 'step 3', 'count'])
        const parent = spans.at(-1) as MockSpan
        for (const step of spans.slice(0, 3)) assert.equal(step.parentSpanId, parent.spanId)
      })

      for (const pattern of ['fails', 'fails later', 'fails refused']) {
        it(`records the error of "${pattern}", once`, async () => {
          if (pattern === 'fails later') {
            // An error of RpcException's is what the client gets to see.
            await assert.rejects(send(pattern, {}), (error: any) => error.message === pattern)
          } else await assert.rejects(send(pattern, {}), (error: any) => error.status === 'error')
          const span = await only()
          assert.equal(span.operationName, pattern)
          assert.equal(span.tags['error'], true)
          assert.deepEqual(
            errorsOf(span).map((error) => (error as Error).message),
            [pattern],
          )
        })
      }

      it('tells of the error of a guard, where it is told of messages before their guards', async () => {
        await assert.rejects(send('guarded', {}))
        if (way === 'module' || way === 'marked') assert.deepEqual(await settled(tracer), [])
        else {
          const span = await only()
          assert.equal(span.tags['error'], true)
          assert.deepEqual(
            errorsOf(span).map((error) => (error as Error).message),
            ['Forbidden resource'],
          )
        }
      })

      it('makes one span of an event with two handlers, and runs both', async () => {
        handled.length = 0
        await nest.rxjs.lastValueFrom(client.emit('happened', { unit: 'mm' }), { defaultValue: null })
        for (let waits = 0; handled.length < 2 && waits < 200; waits += 1)
          await new Promise((resolve) => setTimeout(resolve, 5))
        assert.deepEqual(handled.toSorted(), ['first', 'second'])
        assert.equal((await only()).operationName, 'happened')
      })

      it('leaves payloads as they are, and carries the trace where the transport has room for it', async () => {
        const caller = tracer.startSpan('caller')
        const payload = { values: [1] }
        const answer = await tracer.scopeManager.with(caller, () => send('echo', payload))
        caller.finish()
        assert.deepEqual(answer, { values: [1] })
        assert.deepEqual(payload, { values: [1] })
        const span = (await settled(tracer)).find(({ operationName }) => operationName === 'echo')
        if (way === 'everything' && major === 12) {
          assert.equal(span?.parentSpanId, caller.spanId)
          assert.equal(span?.traceId, caller.traceId)
        } else assert.equal(span?.parentId, null)
      })
    })
  }
}

for (const major of [11, 12]) {
  describe(`messages of Nest ${major} over a transport of one's own`, () => {
    const deliver = async (context: object): Promise<{ tracer: MockTracer; answer: unknown }> => {
      const { common, core, microservices, rxjs } = await loaded(major)
      class Strategy extends microservices.Server {
        listen(listening: () => void): void {
          listening()
        }
        close(): void {}
        on(): void {}
        unwrap(): null {
          return null
        }
      }
      class Echo {
        echo(data: unknown): unknown {
          return data
        }
      }
      decorate(Echo, 'echo', [microservices.MessagePattern('echo')])
      common.Controller()(Echo)
      class Application {}
      common.Module({ controllers: [Echo] })(Application)
      const strategy: any = new Strategy()
      const service = await core.NestFactory.createMicroservice(Application, { logger: false, strategy })
      const tracer = new MockTracer()
      new NestTracing({ tracer, app: service })
      await service.listen()
      const handler = strategy.getHandlerByPattern('echo')
      const answer = await rxjs.lastValueFrom(
        strategy.transformToObservable(await handler({ payload: true }, context)),
      )
      await service.close()
      return { tracer, answer }
    }
    const headers = { 'ot-tracer-traceid': 'a', 'ot-tracer-spanid': 'b', 'ot-tracer-sampled': 'true' }

    const places: [transport: string, context: object][] = [
      ['NATS', { getHeaders: () => new Map(Object.entries(headers)) }],
      ['Kafka', { getMessage: () => ({ headers: buffers(headers) }) }],
      ['RabbitMQ', { getMessage: () => ({ properties: { headers } }) }],
      ['MQTT', { getPacket: () => ({ properties: { userProperties: headers } }) }],
      ['gRPC', { getMap: () => headers }],
    ]
    for (const [transport, context] of places) {
      it(`finds the sender's context where ${transport} has it`, async () => {
        const { tracer, answer } = await deliver(context)
        assert.deepEqual(answer, { payload: true })
        assert.equal(tracer.finishedSpans()[0]?.parentSpanId, 'b')
      })
    }

    const hostile: [what: string, context: object][] = [
      ['means something else by these names', { getHeaders: 'a text', getMessage: 7 }],
      [
        'throws',
        {
          getMetadata() {
            throw new Error('not ready')
          },
        },
      ],
      ['cannot be written to', Object.freeze({})],
    ]
    for (const [what, context] of hostile) {
      it(`traces a message all the same whose context ${what}`, async () => {
        const { tracer, answer } = await deliver(context)
        assert.deepEqual(answer, { payload: true })
        assert.deepEqual(
          tracer.finishedSpans().map(({ operationName }) => operationName),
          ['echo'],
        )
      })
    }
  })
}

function buffers(headers: { [name: string]: string }): { [name: string]: Buffer } {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Buffer.from(value)]))
}

const handled: string[] = []

/** A service on a free port. */
async function start(nest: Nest, way: Way, tracer: MockTracer): Promise<any> {
  const { common, core, microservices, rxjs } = nest
  const { MessagePattern, EventPattern, RpcException, Transport } = microservices
  const tracing = way === 'everything' ? null : new NestTracing({ tracer })
  const mark: Method[] = way === 'marked' && tracing !== null ? [tracing.trace('data.unit') as Method] : []

  class Sums {
    sum({ values }: { values: number[] }): number {
      return values.reduce((sum, value) => sum + value, 0)
    }
    count(last: number): unknown {
      return rxjs.range(1, last).pipe(
        rxjs.concatMap(async (step: number) => {
          await null
          tracer.startSpan(`step ${step}`).finish()
          return step
        }),
      )
    }
    fails(): never {
      throw new Error('fails')
    }
    async failsLater(): Promise<never> {
      await null
      throw new RpcException({ message: 'fails later' })
    }
    failsRefused(): unknown {
      return rxjs.throwError(() => new RpcException('fails refused'))
    }
    guarded(): void {}
    echo(payload: unknown): unknown {
      return payload
    }
    first(): void {
      handled.push('first')
    }
    second(): void {
      handled.push('second')
    }
  }
  decorate(Sums, 'sum', [...mark, MessagePattern({ cmd: 'sum' })])
  decorate(Sums, 'count', [MessagePattern('count'), ...mark])
  decorate(Sums, 'fails', [MessagePattern('fails'), ...mark])
  decorate(Sums, 'failsLater', [MessagePattern('fails later'), ...mark])
  decorate(Sums, 'failsRefused', [MessagePattern('fails refused'), ...mark])
  decorate(Sums, 'guarded', [
    MessagePattern('guarded'),
    common.UseGuards({ canActivate: () => false }),
    ...mark,
  ])
  decorate(Sums, 'echo', [MessagePattern('echo'), ...mark])
  decorate(Sums, 'first', [EventPattern('happened'), ...mark])
  decorate(Sums, 'second', [EventPattern('happened'), ...mark])
  common.Controller()(Sums)
  class Application {}
  common.Module({
    controllers: [Sums],
    imports: way === 'module' && tracing !== null ? [TracingModule.forRoot(tracing)] : [],
  })(Application)
  const service = await core.NestFactory.createMicroservice(Application, {
    logger: false,
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port: 0 },
  })
  if (way === 'attached') tracing?.attach(service)
  await service.listen()
  return service
}
