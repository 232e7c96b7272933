import { createRequire } from 'node:module'

/** Nest of either major, with what these tests use of its packages. No types: two majors have none to share. */
export interface Nest {
  readonly common: any
  readonly core: any
  readonly microservices: any
  /** The adapter class of a platform. */
  adapter(platform: Platform): Promise<any>
  readonly rxjs: any
}

export type Platform = 'express' | 'fastify'

const root = createRequire(import.meta.url)
const eleven = createRequire(new URL('../../../../../fixtures/nest11/package.json', import.meta.url))

/** Version 11 is of CommonJS, version 12 of ES modules. */
export async function nest(major: number): Promise<Nest> {
  const load = (name: string): Promise<any> =>
    major === 11 ? Promise.resolve(eleven(name)) : (import(name) as Promise<any>)
  return {
    common: await load('@nestjs/common'),
    core: await load('@nestjs/core'),
    microservices: await load('@nestjs/microservices'),
    rxjs: major === 11 ? eleven('rxjs') : root('rxjs'),
    async adapter(platform) {
      const found = await load(`@nestjs/platform-${platform}`)
      return platform === 'express' ? found.ExpressAdapter : found.FastifyAdapter
    },
  }
}

type Method = (target: object, key: string, descriptor: PropertyDescriptor) => any
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
