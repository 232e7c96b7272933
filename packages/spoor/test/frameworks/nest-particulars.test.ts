import assert from 'node:assert/strict'
import { after, afterEach, beforeEach, describe, test } from 'node:test'
import { shutdown } from 'spoor'
import { NestTracing, TracingModule } from 'spoor/nest'
import { MockTracer } from 'spoor/testing'
import { decorate, loaded, type Method, type Nest } from './support/nest.ts'
import { visit, visitUntraced } from './support/visits.ts'

for (const major of [11, 12]) {
  describe(`NestTracing: Nest ${major}`, () => {
    let nest: Nest
    let tracer: MockTracer
    let app: any
    beforeEach(async () => {
      nest = await loaded(major)
      tracer = new MockTracer()
    })
    afterEach(() => app?.close())
    after(() => shutdown())

    /** An application with the route `GET /birds/:id`, in version 2 of what the header says. */
    const open = async (
      {
        mark = [],
        handler = show,
        imports = [] as object[],
      }: { mark?: Method[]; handler?: any; imports?: object[] },
      prepare: (app: any) => void = () => {},
    ): Promise<any> => {
      const { Controller, Get, Param, Module, VersioningType } = nest.common
      class Birds {
        declare show: any
      }
      Object.defineProperty(Birds.prototype, 'show', { value: handler, writable: true, configurable: true })
      decorate(Birds, 'show', [...mark, Get(':id')], [Param('id')])
      Controller({ path: 'birds', version: '2' })(Birds)
      class Application {}
      Module({ controllers: [Birds], imports })(Application)
      app = await nest.create('express', Application)
      app.enableVersioning({ type: VersioningType.HEADER, header: 'x-version' })
      prepare(app)
      await app.listen(0, '127.0.0.1')
      return Birds
    }
    function show(id: string): string {
      return `bird ${id}`
    }
    const origin = (): string => `http://127.0.0.1:${app.getHttpServer().address().port}`
    const asking = { headers: { 'x-version': '2' } }

    test('FLK-Q10: attaches at any time to an application on Express, and lets go again', async () => {
      await open({})
      await visitUntraced(tracer, origin(), '/birds/1', asking)
      const tracing = new NestTracing({ tracer, app })
      const { span } = await visit(tracer, origin(), '/birds/2', asking)
      assert.equal(span.operationName, 'GET /birds/:id')
      assert.equal(span.tags['nest.handler'], 'show')
      tracing.detach(app)
      await visitUntraced(tracer, origin(), '/birds/3', asking)
    })

    test('a version that a header asks for and nobody has is a 404 of its own', async () => {
      await open({}, (created) => new NestTracing({ tracer, app: created }))
      const { span, answer } = await visit(tracer, origin(), '/birds/1', { headers: { 'x-version': '3' } })
      assert.equal(answer.status, 404)
      assert.equal(span.tags['http.status_code'], 404)
      assert.equal(span.tags['error'], undefined)
    })

    test('a mark leaves the method as it is, with its metadata, and whoever calls it by hand is not traced', async () => {
      const tracing = new NestTracing({ tracer })
      const metadata = Reflect as any
      metadata.defineMetadata('mine', 'kept', show)
      const Birds = await open({ mark: [tracing.trace('params.id') as Method] })
      assert.equal(Birds.prototype.show, show)
      assert.equal(metadata.getMetadata('mine', Birds.prototype.show), 'kept')
      assert.equal(new Birds().show('by hand'), 'bird by hand')
      assert.deepEqual(tracer.finishedSpans(), [])
      const { span } = await visit(tracer, origin(), '/birds/7', asking)
      assert.equal(span.tags['params.id'], '7')
      assert.equal(span.operationName, 'GET /birds/:id')
    })

    test('a module that shall not trace everything adds to nothing, and marks still open spans', async () => {
      const tracing = new NestTracing({ tracer, traceAll: false })
      await open({ imports: [TracingModule.forRoot(tracing)] })
      await visitUntraced(tracer, origin(), '/birds/1', asking)
      await app.close()
      await open({
        imports: [TracingModule.forRoot(tracing)],
        mark: [tracing.trace([]) as Method],
      })
      await visit(tracer, origin(), '/birds/1', asking)
    })

    test('a module gives its tracing object to whoever asks for it', async () => {
      const tracing = new NestTracing({ tracer })
      await open({ imports: [TracingModule.forRoot(tracing)] })
      assert.equal(app.get(NestTracing), tracing)
      const seen: unknown[] = []
      await app.close()
      await open({
        imports: [TracingModule.forRoot(tracing)],
        handler(this: unknown, id: string) {
          seen.push(tracing.getSpan())
          return id
        },
      })
      const { span } = await visit(tracer, origin(), '/birds/1', asking)
      assert.deepEqual(seen, [span])
    })

    test('FLK-A05: all is only traced where there is an application; a module brings it', () => {
      assert.doesNotThrow(() => TracingModule.forRoot({ tracer, traceAll: true }))
      assert.throws(() => new NestTracing({ tracer, traceAll: true }), {
        code: 'SPOOR_TRACE_ALL_WITHOUT_APP',
      })
    })

    test('what is no application is refused, and so is an application that is attached to', async () => {
      const tracing = new NestTracing({ tracer })
      assert.throws(() => tracing.attach({}), { code: 'SPOOR_NOT_AN_APP' })
      await open({})
      tracing.attach(app)
      assert.throws(() => tracing.attach(app), { code: 'SPOOR_ATTACHED_TWICE' })
    })

    test('a hybrid application traces its requests and its messages', async () => {
      const { MessagePattern, Transport, ClientProxyFactory } = nest.microservices
      class Both {
        ping(): string {
          return 'pong'
        }
      }
      decorate(Both, 'ping', [nest.common.Get('ping'), MessagePattern('ping')])
      nest.common.Controller()(Both)
      class Application {}
      nest.common.Module({ controllers: [Both] })(Application)
      app = await nest.create('express', Application)
      const options = { host: '127.0.0.1', port: 0 }
      const service = app.connectMicroservice({ transport: Transport.TCP, options })
      new NestTracing({ tracer, app })
      await app.startAllMicroservices()
      await app.listen(0, '127.0.0.1')
      assert.equal((await visit(tracer, origin(), '/ping')).span.operationName, 'GET /ping')
      tracer.reset()
      const { port } = service.unwrap().address()
      const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { ...options, port } })
      assert.equal(await nest.rxjs.lastValueFrom(client.send('ping', {})), 'pong')
      client.close()
      assert.deepEqual(
        tracer.finishedSpans().map(({ operationName }) => operationName),
        ['ping'],
      )
    })
  })
}
