import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { transform } from 'esbuild'
import { traced } from 'spoor'
import { tracedBed } from './support.ts'

const bed = tracedBed()

describe('standard decorators, compiled by tsc', () => {
  const symbol = Symbol('symbol')

  class Users {
    #prefix = 'user'

    @traced
    bare(id: number): string {
      return `${this.#prefix} ${id}`
    }

    @traced()
    called(id: number): string {
      return `${this.#prefix} ${id}`
    }

    @traced({ name: 'users.load', onStart: (span, id: number) => void span.setTag('id', id) })
    async load(id: number): Promise<number> {
      await sleep(1)
      return id
    }

    @traced()
    static shared(): string {
      return this.name
    }

    @traced()
    #hidden(): string {
      return this.#prefix
    }

    revealed(): string {
      return this.#hidden()
    }

    @traced()
    [symbol](): number {
      return 1
    }

    @traced()
    get size(): number {
      return 3
    }

    @traced()
    async *pages(): AsyncGenerator<number> {
      yield 1
    }
  }

  test('methods of every kind keep their `this`, name and length, and are named after the method', async () => {
    const users = new Users()
    assert.equal(users.bare(1), 'user 1')
    assert.equal(users.called(2), 'user 2')
    assert.equal(await users.load(3), 3)
    assert.equal(Users.shared(), 'Users')
    assert.equal(users.revealed(), 'user')
    assert.equal(users[symbol](), 1)
    assert.equal(users.size, 3)
    for await (const page of users.pages()) assert.equal(page, 1)
    assert.deepEqual(
      bed.finished.map((span) => span.name),
      ['bare', 'called', 'users.load', 'shared', '#hidden', 'Symbol(symbol)', 'size', 'pages'],
    )
    assert.deepEqual(bed.finished[2]?.attributes, { id: 3 })
    assert.deepEqual([users.bare.name, users.bare.length], ['bare', 1])
    assert.deepEqual(Object.keys(users), [])
  })

  test('an inherited method is traced for the class that overrides it and calls it', () => {
    class Admins extends Users {
      override bare(id: number): string {
        return `admin ${super.bare(id)}`
      }
    }
    assert.equal(new Admins().bare(1), 'admin user 1')
    assert.equal(bed.only().name, 'bare')
  })

  test('classes and fields are refused where they are marked, with a code', () => {
    assert.throws(
      () => {
        @(traced as any)
        class Wrong {}
        return Wrong
      },
      { code: 'SPOOR_NOT_TRACEABLE', message: /class Wrong/ },
    )
    assert.throws(
      () => {
        class Wrong {
          @(traced() as any)
          field = 1
        }
        return Wrong
      },
      { code: 'SPOOR_NOT_TRACEABLE' },
    )
  })
})

describe('legacy decorators, compiled by esbuild with experimentalDecorators', () => {
  const source = `
    class Users {
      prefix = 'user'
      @traced bare(id: number) { return this.prefix + ' ' + id }
      @traced() called(id: number) { return this.prefix + ' ' + id }
      @traced({ name: 'users.load', tags: { a: 1 } }) async load(id: number) { return id }
      @traced() static shared() { return this.name }
    }
    class Wrong { static make() { class Field { @traced() field = 1 } return Field } }
    return { Users, Wrong }`

  const compile = async (): Promise<any> => {
    const { code } = await transform(`export default function make(traced) { ${source} }`, {
      loader: 'ts',
      format: 'cjs',
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    })
    assert.match(code, /__decorateClass/)
    const module = { exports: {} as { default(decorator: unknown): unknown } }
    new Function('module', 'exports', code)(module, module.exports)
    return module.exports.default(traced)
  }

  test('methods and static methods, bare, called and with options', async () => {
    const { Users } = await compile()
    const users = new Users()
    assert.equal(users.bare(1), 'user 1')
    assert.equal(users.called(2), 'user 2')
    assert.equal(await users.load(3), 3)
    assert.equal(Users.shared(), 'Users')
    assert.deepEqual(
      bed.finished.map((span) => span.name),
      ['bare', 'called', 'users.load', 'shared'],
    )
    const { enumerable, writable, configurable } = Object.getOwnPropertyDescriptor(
      Users.prototype,
      'bare',
    ) as PropertyDescriptor
    assert.deepEqual(
      { enumerable, writable, configurable },
      { enumerable: false, writable: true, configurable: true },
    )
  })

  test('a field is refused, with a code', async () => {
    const { Wrong } = await compile()
    assert.throws(() => Wrong.make(), { code: 'SPOOR_NOT_TRACEABLE' })
  })
})
