import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ExpressTracing } from 'spoor/express'
import { type CaseResult, runCases, type ServerSetup, type ServerUnderTest, serverKit } from 'spoor/testing'
import { declare, expressServer, load, serve } from './support/express-server.ts'

/** The application of the kit, traced by something else than an adapter that is right. */
function wrong(prepare: (app: any, setup: ServerSetup) => void): ServerUnderTest {
  return {
    ...expressServer(5),
    async start(setup) {
      const express = load('express')
      const app = express()
      app.set('env', 'test')
      prepare(app, setup)
      const { work } = setup
      declare(express, app, { work, handler: (handler) => handler, spanOf: () => setup.tracer.activeSpan })
      return serve(app)
    },
  }
}

async function judge(server: ServerUnderTest): Promise<CaseResult[]> {
  return runCases((runner) => serverKit(server, runner, ['attached']))
}

const titles = (results: CaseResult[], passed: boolean): string[] =>
  results.filter((result) => result.passed === passed).map(({ title }) => title)

describe('the contract of servers', () => {
  it('is kept by an adapter that is right', async () => {
    const results = await judge(expressServer(5))
    assert.deepEqual(titles(results, false), [])
    assert.ok(results.length >= 40)
  })

  it('is broken by an application that is not traced, in every case', async () => {
    const results = await judge(wrong(() => {}))
    assert.deepEqual(titles(results, true), [])
  })

  it('is broken by an application that is traced twice, in every case', async () => {
    const results = await judge(
      wrong((app, { tracer, options }) => {
        new ExpressTracing({ app, tracer, ...options })
        app.use((_: unknown, response: any, next: () => void) => {
          const span = tracer.startSpan('GET', { tags: { 'span.kind': 'server' } })
          response.on('close', () => span.finish())
          next()
        })
      }),
    )
    assert.deepEqual(titles(results, true), [])
  })

  const faults: [what: string, title: RegExp, prepare: (app: any, setup: ServerSetup) => void][] = [
    [
      'a span that ends when the handler returns',
      /ends after the last chunk/,
      (app, { tracer }) => {
        app.use((_: unknown, __: unknown, next: () => void) => {
          const span = tracer.startSpan('GET', { tags: { 'span.kind': 'server' }, ignoreActiveSpan: true })
          tracer.scopeManager.with(span, next)
          span.finish()
        })
      },
    ],
    [
      'a span that is active nowhere',
      /after an await is below the span/,
      (app, { tracer }) => {
        app.use((_: unknown, response: any, next: () => void) => {
          const span = tracer.startSpan('GET', { tags: { 'span.kind': 'server' }, ignoreActiveSpan: true })
          response.on('close', () => span.finish())
          next()
        })
      },
    ],
    [
      'one active span for all requests',
      /of 1,000 requests at once/,
      (app, { tracer, options }) => {
        new ExpressTracing({ app, tracer, ...options })
        let first: any = null
        app.use((_: unknown, __: unknown, next: () => void) => {
          first ??= tracer.activeSpan
          tracer.scopeManager.with(first, next)
        })
      },
    ],
  ]
  for (const [what, title, prepare] of faults) {
    it(`is broken by ${what}`, async () => {
      const failed = titles(await judge(wrong(prepare)), false)
      assert.ok(
        failed.some((text) => title.test(text)),
        failed.join('\n'),
      )
    })
  }
})
