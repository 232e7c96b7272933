import { Readable } from 'node:stream'
import { init, shutdown, tracer } from 'spoor'
import { NestTracing, TracingModule } from 'spoor/nest'
import type { ServerRunning, ServerSetup, ServerUnderTest, ServerWork } from 'spoor/testing'
import { decorate, loaded, type Method, type Nest, type Platform } from './nest.ts'

/** The application of the server kit in Nest. `module`: attached by a module of its own, not by the application. */
export function nestServer(major: 11 | 12, platform: Platform, attaches: 'app' | 'module'): ServerUnderTest {
  return {
    name: `nest ${major} on ${platform}${attaches === 'module' ? ', as a module' : ''}`,
    component: 'nest',
    async start({ way, tracer: mock, options, work }: ServerSetup): Promise<ServerRunning> {
      if (way === 'everything') init({ tracer: mock, ...options })
      const nest = await loaded(major)
      const tracing = way === 'everything' ? null : new NestTracing({ tracer: mock, ...options })
      const controllers = declare(nest, {
        work,
        mark: way === 'marked' && tracing !== null ? [tracing.trace([]) as Method] : [],
        spanOf: (request) => (tracing === null ? tracer.activeSpan : tracing.getSpan(request)),
      })
      class Application {}
      const byModule = way === 'attached' && attaches === 'module' && tracing !== null
      nest.common.Module({
        controllers,
        imports: byModule ? [TracingModule.forRoot(tracing)] : [],
      })(Application)
      const app = await nest.create(platform, Application, { bodyParser: false })
      if (way === 'attached' && attaches === 'app') tracing?.attach(app)
      if (platform === 'express') app.use(nest.text())
      await app.listen(0, '127.0.0.1')
      return {
        url: `http://127.0.0.1:${app.getHttpServer().address().port}`,
        ...(tracing === null ? {} : { getSpan: (request: any) => tracing.getSpan(request) }),
        async stop() {
          await app.close()
          if (way === 'everything') await shutdown()
        },
      }
    },
  }
}

interface Parts {
  readonly work: ServerWork
  readonly mark: readonly Method[]
  readonly spanOf: (request: object) => unknown
}

/** The controllers of the server kit. */
function declare({ common, rxjs }: Nest, { work, mark, spanOf }: Parts): object[] {
  const { Body, Controller, Get, HttpCode, Param, Post, Redirect, Req, StreamableFile } = common

  class Kit {
    hello(): string {
      return 'hello'
    }
    user(id: string): object {
      return { id }
    }
    refused(): string {
      return 'no'
    }
    teapot(): string {
      return 'no'
    }
    failing(): string {
      return 'no'
    }
    thrown(): never {
      throw work.error('thrown')
    }
    passed(): unknown {
      return rxjs.throwError(() => work.error('passed'))
    }
    async rejected(): Promise<never> {
      await null
      throw work.error('rejected')
    }
    redirect(): void {}
    streamed(): unknown {
      return new StreamableFile(Readable.from(work.chunks(), { objectMode: false }))
    }
    endless(): unknown {
      return new StreamableFile(Readable.from(work.endless(), { objectMode: false }))
    }
    async echo(body: string): Promise<string> {
      await work.child('echo')
      return body
    }
    async child(): Promise<string> {
      await work.child('child')
      return 'done'
    }
    async slow(id: string): Promise<object> {
      await work.slow(id)
      return { id }
    }
    tagged(request: object): string {
      work.tag(spanOf(request))
      return 'tagged'
    }
  }
  const parameters: { readonly [name: string]: readonly any[] } = {
    user: [Param('id')],
    slow: [Param('id')],
    echo: [Body()],
    tagged: [Req()],
  }
  const routes: { readonly [name: string]: readonly Method[] } = {
    hello: [Get('hello')],
    user: [Get('users/:id')],
    refused: [Get('refused'), HttpCode(404)],
    teapot: [Get('teapot'), HttpCode(418)],
    failing: [Get('failing'), HttpCode(503)],
    thrown: [Get('thrown')],
    passed: [Get('passed')],
    rejected: [Get('rejected')],
    redirect: [Get('redirect'), Redirect('/hello', 302)],
    streamed: [Get('streamed')],
    endless: [Get('endless')],
    echo: [Post('echo'), HttpCode(200)],
    child: [Get('child')],
    slow: [Get('slow/:id')],
    tagged: [Get('tagged')],
  }
  // The mark above the others, and below them: it is the same.
  for (const [index, [name, decorators]] of Object.entries(routes).entries()) {
    const all = index % 2 === 0 ? [...mark, ...decorators] : [...decorators, ...mark]
    decorate(Kit, name, all, parameters[name])
  }
  Controller()(Kit)

  class Tenants {
    user(id: string): object {
      return { id }
    }
  }
  decorate(Tenants, 'user', [...mark, Get('users/:id')], [Param('id')])
  Controller('tenants/:tenant')(Tenants)
  return [Kit, Tenants]
}
