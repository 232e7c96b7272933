import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { activeSpan, withSpan } from 'spoor'
import type { MemorySink, SpanData } from 'spoor/export'
import { NestTracing, TracingModule } from 'spoor/nest'
import { ask, finished, serverSpan, shutdown, trace } from '../instrumentations/support/web.ts'
import { decorate, loaded, type Method, type Nest, type Platform } from './support/nest.ts'

type Way = 'everything' | 'attached' | 'mixed'

const cases = [11, 12].flatMap((major) =>
  (['express', 'fastify'] as const).flatMap((platform) =>
    (['everything', 'attached', 'mixed'] as const).map((way) => [major, platform, way] as const),
  ),
)

for (const [major, platform, way] of cases) {
  describe(`Nest ${major} on ${platform}, ${way}`, () => {
    let sink: MemorySink
    let app: any
    let origin: string

    before(async () => {
      // Where tracing objects trace, nothing else does.
      sink = trace(way === 'attached' ? { disable: ['http', 'express', 'fastify', '@nestjs/core'] } : {})
      app = await application(await loaded(major), platform, way)
      await app.listen(0, '127.0.0.1')
      origin = (await app.getUrl()).replace('[::1]', '127.0.0.1')
    })

    after(async () => {
      await app?.close()
      await shutdown()
    })

    async function visit(
      path: string,
      options: Parameters<typeof ask>[2] = {},
    ): Promise<{ span: SpanData; status: number; body: string }> {
      const { status, body } = await ask(origin, path, options)
      return { span: await serverSpan(sink), status, body }
    }

    it('names the request by its route, with prefix and version, and says who handles it', async () => {
      const { span, status, body } = await visit('/api/v2/birds/7')
      assert.equal(status, 200)
      assert.equal(body, 'bird 7')
      assert.equal(span.name, 'GET /api/v2/birds/:id')
      assert.equal(span.attributes['http.route'], '/api/v2/birds/:id')
      assert.equal(span.attributes['nest.controller'], 'Birds')
      assert.equal(span.attributes['nest.handler'], 'show')
      assert.equal(span.attributes['params.id'], way === 'mixed' ? '7' : undefined)
      assert.equal(span.status.code, 'unset')
    })

    for (const [what, path, status, message] of [
      ['a guard that throws', '/api/v2/birds/fails/guard', 401, 'guarded'],
      ['a guard that says no', '/api/v2/birds/fails/refused', 403, 'Forbidden resource'],
      ['a pipe', '/api/v2/birds/fails/pipe/x', 400, 'Validation failed (numeric string is expected)'],
      ['an interceptor', '/api/v2/birds/fails/interceptor', 503, 'intercepted'],
      ['a handler', '/api/v2/birds/fails/handler', 500, 'broken on purpose'],
      ['a handler whose exception a filter takes', '/api/v2/birds/fails/filtered', 418, 'taken'],
      ['an observable', '/api/v2/birds/fails/observable', 500, 'observed'],
    ] as const) {
      it(`tells of the error of ${what} once, with the real status`, async () => {
        const { span, status: answered } = await visit(path)
        assert.equal(answered, status)
        assert.equal(span.attributes['http.response.status_code'], status)
        assert.equal(span.attributes['nest.controller'], 'Birds')
        assert.deepEqual(
          span.events.map(({ attributes }) => attributes['exception.message']),
          [message],
        )
        assert.equal(span.status.code, status >= 500 ? 'error' : 'unset')
      })
    }

    it('tells of a malformed body once', async () => {
      const { span, status } = await visit('/api/v2/birds', {
        method: 'POST',
        body: '{',
        headers: { 'content-type': 'application/json' },
      })
      assert.equal(status, 400)
      assert.equal(span.events.length, 1)
      assert.equal(span.status.code, 'unset')
    })

    it('leaves the name of a 404 at its method', async () => {
      const { span, status } = await visit('/api/nowhere')
      assert.equal(status, 404)
      // Below a prefix, Nest 12 answers by a route of Express's own, `/api*path`.
      const byRoute = major === 12 && platform === 'express'
      assert.equal(span.name, byRoute ? 'GET /api*path' : 'GET')
    })

    it('has the span of the request active in the handler, and after an await', async () => {
      const { status } = await ask(origin, '/api/v2/birds/child/1')
      assert.equal(status, 200)
      const spans = await finished(sink, 2)
      const server = spans.find(({ kind }) => kind === 'server')
      const child = spans.find(({ name }) => name === 'child')
      assert.equal(child?.parentSpanId, server?.spanId)
    })

    it('ends the span of streams when all is sent', async () => {
      const { span, body } = await visit('/api/v2/birds/stream')
      assert.equal(body, 'one two')
      assert.equal(span.name, 'GET /api/v2/birds/stream')
      const events = await visit('/api/v2/birds/events')
      assert.match(events.body, /data: one\n[\s\S]*data: two\n/)
      assert.equal(events.span.name, 'GET /api/v2/birds/events')
    })
  })
}

async function application({ common, create, rxjs }: Nest, platform: Platform, way: Way): Promise<any> {
  const { Get, Param, Post, Body, UseFilters, UseGuards, UseInterceptors, Sse, StreamableFile } = common
  class Taken extends Error {}
  const refuse = (answer: () => boolean) => UseGuards({ canActivate: answer })

  class Birds {
    make(): string {
      return 'made'
    }
    reached(): string {
      return 'reached'
    }
    handler(): never {
      throw new Error('broken on purpose')
    }
    async filtered(): Promise<never> {
      throw new Taken('taken')
    }
    observable(): unknown {
      return rxjs.throwError(() => new Error('observed'))
    }
    async child(): Promise<string> {
      await withSpan('child', async () => {})
      await null
      return String(activeSpan() !== null)
    }
    stream(): unknown {
      return new StreamableFile(Buffer.from('one two'))
    }
    events(): unknown {
      return rxjs.of({ data: 'one' }, { data: 'two' })
    }
    // Last, because routes are declared in this order, and this one takes any.
    show(id: string): string {
      return `bird ${id}`
    }
  }
  const also = (name: string): void => {
    Object.defineProperty(Birds.prototype, name, {
      configurable: true,
      writable: true,
      value: { [name]: () => 'reached' }[name],
    })
  }
  for (const name of ['guard', 'refused', 'pipe', 'interceptor']) also(name)
  decorate(Birds, 'stream', [Get('stream')])
  decorate(Birds, 'events', [Sse('events')])
  decorate(Birds, 'child', [Get('child/:id')])
  decorate(Birds, 'guard', [
    Get('fails/guard'),
    refuse(() => {
      throw new common.UnauthorizedException('guarded')
    }),
  ])
  decorate(Birds, 'refused', [Get('fails/refused'), refuse(() => false)])
  decorate(Birds, 'pipe', [Get('fails/pipe/:id')], [Param('id', new common.ParseIntPipe())])
  decorate(Birds, 'interceptor', [
    Get('fails/interceptor'),
    UseInterceptors({
      intercept() {
        throw new common.ServiceUnavailableException('intercepted')
      },
    }),
  ])
  decorate(Birds, 'handler', [Get('fails/handler')])
  decorate(Birds, 'observable', [Get('fails/observable')])
  const filter = {
    catch(_: unknown, host: any) {
      const reply = host.switchToHttp().getResponse()
      reply.status(418).send('taken')
    },
  }
  decorate(Birds, 'filtered', [Get('fails/filtered'), UseFilters(filter)])
  const marks = new NestTracing()
  const mark = (...paths: string[]): Method[] => (way === 'mixed' ? [marks.trace(...paths) as Method] : [])
  decorate(Birds, 'show', [Get(':id'), ...mark('params.id')], [Param('id')])
  decorate(Birds, 'make', [Post()], [Body()])
  common.Controller({ path: 'birds', version: '2' })(Birds)

  class Application {}
  // Whoever traces, and however often: there is one span.
  const imports = way === 'mixed' ? [TracingModule.forRoot(), TracingModule.forRoot()] : []
  common.Module({ controllers: [Birds], imports })(Application)
  const app = await create(platform, Application)
  if (way !== 'everything') new NestTracing({ app })
  app.setGlobalPrefix('api')
  app.enableVersioning({ type: common.VersioningType.URI })
  return app
}
