import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FastifyTracing } from 'spoor/fastify'
import { describeFastify, greet } from './support/fastify-bed.ts'

describeFastify('FastifyTracing is attached', (bed) => {
  const { tracer, open, see, seeNothing } = bed
  test('FLK-Q10: before or after routes, plugins and prefixes, wherever they are declared', async () => {
    for (const way of ['plugin', 'attach'] as const) {
      for (const place of ['before', 'after'] as const) {
        await bed.renew()
        const tracing = new FastifyTracing({ tracer })
        const attach = async (): Promise<void> => {
          if (way === 'attach') tracing.attach(bed.app)
          else await bed.app.register(tracing.plugin)
        }
        if (place === 'before') await attach()
        bed.app.get('/users/:id', greet)
        await bed.app.register(
          async (tenants: any) => {
            await tenants.register(async (users: any) => users.get('/users/:id', greet), {
              prefix: '/deep',
            })
          },
          { prefix: '/tenants/:tenant' },
        )
        if (place === 'after') await attach()
        bed.app.get('/late', async () => 'late')
        await open()
        const what = `${way} ${place}`
        assert.equal((await see('/users/7')).span.operationName, 'GET /users/:id', what)
        const { span, answer } = await see('/tenants/acme/deep/users/7')
        assert.equal(span.operationName, 'GET /tenants/:tenant/deep/users/:id', what)
        assert.equal(answer.body, 'user 7')
        assert.equal((await see('/late')).span.operationName, 'GET /late', what)
        assert.equal((await see('/nowhere')).span.operationName, 'GET', what)
      }
    }
  })

  test('FLK-A10: to a part of an application only, and lets go again', async () => {
    const tracing = new FastifyTracing({ tracer })
    let part: any
    bed.app.register(async (api: any) => {
      part = api
      tracing.attach(api)
      api.get('/inside/:id', greet)
    })
    bed.app.get('/outside/:id', greet)
    await open()
    assert.equal((await see('/inside/7')).span.operationName, 'GET /inside/:id')
    await seeNothing('/outside/7')
    tracing.detach(part)
    await seeNothing('/inside/7')
  })

  test('its plugin is one in the eyes of Fastify: it has a name, and no scope of its own', async () => {
    const { plugin } = new FastifyTracing({ tracer })
    await bed.app.register(plugin)
    assert.ok(bed.app.hasPlugin('spoor'))
    assert.match(bed.app.printPlugins(), /spoor/)
    assert.equal((plugin as any)[Symbol.for('skip-override')], true)
  })

  test('only before the application is started: else the error says so, with a code', async () => {
    await bed.app.ready()
    const tracing = new FastifyTracing({ tracer })
    assert.throws(
      () => tracing.attach(bed.app),
      (error: any) =>
        error.code === 'SPOOR_APP_STARTED' && /before/.test(error.message) && error.cause instanceof Error,
    )
    assert.throws(
      () => new FastifyTracing({ tracer, app: {} as any }),
      (error: any) => error.code === 'SPOOR_NOT_AN_APP',
    )
  })

  test('FLK-B08: once by the same object, and the application does not start otherwise', async () => {
    const tracing = new FastifyTracing({ tracer, app: bed.app })
    bed.app.register(tracing.plugin)
    await assert.rejects(bed.app.ready(), (error: any) => error.code === 'SPOOR_ATTACHED_TWICE')
  })

  test('PYR-B08, FLK-A04: with traceAll off nothing is traced but what is marked', async () => {
    const tracing = new FastifyTracing({ tracer, traceAll: false })
    bed.app.register(tracing.plugin)
    bed.app.get('/users/:id', greet)
    bed.app.get('/marked/:id', tracing.trace(greet))
    await open()
    await seeNothing('/users/7')
    assert.equal((await see('/marked/7')).span.operationName, 'GET /marked/:id')
  })
})
