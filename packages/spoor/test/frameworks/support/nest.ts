import { createRequire } from 'node:module'

/** Nest of either major, with what these tests use of its packages. No types: two majors have none to share. */
export interface Nest {
  readonly common: any
  readonly core: any
  readonly microservices: any
  readonly rxjs: any
  /** An application that says nothing. */
  create(platform: Platform, module: object, options?: object): Promise<any>
  /** What reads bodies of text, on Express. */
  text(): unknown
}

export type Platform = 'express' | 'fastify'

const root = createRequire(import.meta.url)
const eleven = createRequire(new URL('../../../../../fixtures/nest11/package.json', import.meta.url))

/** Version 11 is of CommonJS, version 12 of ES modules: those have to be hooked before they are loaded. */
export async function loaded(major: number): Promise<Nest> {
  const load = (name: string): Promise<any> =>
    major === 11 ? Promise.resolve(eleven(name)) : (import(name) as Promise<any>)
  const adapters: { readonly [platform in Platform]: any } = {
    express: (await load('@nestjs/platform-express')).ExpressAdapter,
    fastify: (await load('@nestjs/platform-fastify')).FastifyAdapter,
  }
  const core = await load('@nestjs/core')
  return {
    core,
    common: await load('@nestjs/common'),
    microservices: await load('@nestjs/microservices'),
    rxjs: major === 11 ? eleven('rxjs') : root('rxjs'),
    create: (platform, module, options = {}) =>
      core.NestFactory.create(module, new adapters[platform](), {
        logger: false,
        forceCloseConnections: true,
        ...options,
      }),
    text: () => root('express').text(),
  }
}

export type Method = (target: object, key: string, descriptor: PropertyDescriptor) => any
type Parameter = (target: object, key: string, index: number) => void

/** What a compiler makes of decorators on a method and on its parameters: the last one is applied first. */
export function decorate(
  Class: { readonly prototype: object },
  key: string,
  decorators: readonly Method[],
  parameters: readonly Parameter[] = [],
): void {
  const { prototype } = Class
  for (const [index, parameter] of parameters.entries()) parameter(prototype, key, index)
  let descriptor = Object.getOwnPropertyDescriptor(prototype, key) as PropertyDescriptor
  for (const decorator of [...decorators].reverse())
    descriptor = decorator(prototype, key, descriptor) ?? descriptor
  Object.defineProperty(prototype, key, descriptor)
}
