/**
 * THE LIST of frameworks that have a tracing object. The table of the README is made of it; nothing imports it at run time.
 */

export interface SupportedFramework {
  /** As people call it. */
  readonly title: string
  /** Where its tracing object is imported from. */
  readonly door: string
  readonly tracing: string
  /** Its packages on npm, with the versions that are served. */
  readonly packages: { readonly [name: string]: string }
  /** What its users know as the request: what callbacks get, and what attribute paths start from. */
  readonly request: string
}

export const frameworks: readonly SupportedFramework[] = [
  {
    title: 'Express',
    door: 'spoor/express',
    tracing: 'ExpressTracing',
    packages: { express: '>=4 <6' },
    request: 'req',
  },
  {
    title: 'Koa',
    door: 'spoor/koa',
    tracing: 'KoaTracing',
    packages: { koa: '>=2 <4', '@koa/router': '>=12' },
    request: 'ctx',
  },
  {
    title: 'Fastify',
    door: 'spoor/fastify',
    tracing: 'FastifyTracing',
    packages: { fastify: '>=4 <6' },
    request: 'request',
  },
  {
    title: 'Hapi',
    door: 'spoor/hapi',
    tracing: 'HapiTracing',
    packages: { '@hapi/hapi': '>=21 <22' },
    request: 'request',
  },
  {
    title: 'Nest',
    door: 'spoor/nest',
    tracing: 'NestTracing',
    packages: { '@nestjs/core': '>=11 <13' },
    request: 'req',
  },
  {
    title: 'Hono',
    door: 'spoor/hono',
    tracing: 'HonoTracing',
    packages: { hono: '>=4 <5', '@hono/node-server': '>=1' },
    request: 'c',
  },
  {
    title: 'Node.js, Connect, Restify, h3, srvx, Next handlers',
    door: 'spoor/http',
    tracing: 'HttpTracing',
    packages: { connect: '>=3 <4', restify: '>=12', h3: '>=2', srvx: '>=1' },
    request: 'req',
  },
]
