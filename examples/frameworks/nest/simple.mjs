/**
 * Nest: only the methods that are marked are traced.
 *
 *     node examples/frameworks/nest/simple.mjs
 */
import { activeSpan, init, shutdown } from 'spoor'
import { MemorySink } from 'spoor/export'

const kept = new MemorySink()
// Before Nest is loaded. No request is traced by itself, and those that this file makes of itself are not the subject.
init({ serviceName: 'greeter', exporters: ['console', kept], traceAll: false, disable: ['undici'] })

const { Controller, Get, Module, Param, Req } = await import('@nestjs/common')
const { NestFactory } = await import('@nestjs/core')
const { NestTracing } = await import('spoor/nest')
const { decorate } = await import('./decorate.js')

const tracing = new NestTracing({
  startSpanCallback: (span, request) => span.setOperationName(`greeter ${request.method} ${request.url}`),
})

class Greetings {
  hello() {
    return 'hello'
  }

  greet(name) {
    activeSpan().log({ event: 'greeted', message: `${name} was here` })
    return `hello ${name}`
  }

  quiet(request) {
    return `traced: ${tracing.getSpan(request) !== null}`
  }
}
decorate(Greetings, 'hello', [tracing.trace(), Get('hello')])
decorate(
  Greetings,
  'greet',
  [tracing.trace('params.name', 'headers.user-agent'), Get('hello/:name')],
  [Param('name')],
)
decorate(Greetings, 'quiet', [Get('quiet')], [Req()])
Controller()(Greetings)

class Application {}
Module({ controllers: [Greetings] })(Application)

const app = await NestFactory.create(Application, { logger: false, forceCloseConnections: true })
await app.listen(0, '127.0.0.1')
for (const path of ['/hello', '/hello/Ada', '/quiet']) {
  const response = await fetch(`http://127.0.0.1:${app.getHttpServer().address().port}${path}`)
  console.log(`${path}: ${await response.text()}`)
}
await app.close()

await shutdown()
console.log(`${kept.spans.length} spans`)
