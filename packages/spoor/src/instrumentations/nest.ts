import type { Binding } from '../instrument/bind.ts'
import { contextHeaders } from '../instrument/context-headers.ts'
import type { Engine } from '../instrument/engine.ts'
import {
  type Call,
  failure,
  handler,
  type Instrumentation,
  instrumentation,
  type Patch,
  type Row,
} from '../instrument/index.ts'
import { inboundMessage, type Message } from '../instrument/messages.ts'
import type { EngineSpan } from '../instrument/row.ts'
import { requestOf, tracedHandler } from './nest-messages.ts'

/** Of `(…, args, instance, callback, …, type)`: which class and method have the request, or the message. */
function handled(typeAt: number): Row<Call> {
  return handler<Call>({
    framework: 'nest',
    request: ({ args }) => requestOf(args[1], args[typeAt]),
    controller: ({ args: [, , instance] }) => instance.constructor?.name,
    method: ({ args: [, , , callback] }) => callback.name,
  })
}

/** `intercept(interceptors, args, instance, callback, next, type)`: all pass, with interceptors or without. */
const intercept = handled(5)
/** `tryActivate(guards, args, instance, callback, type)`: before interceptors, for handlers with guards. */
const tryActivate = handled(4)

interface Host {
  getArgs(): readonly unknown[]
  getType(): string
}

/**
 * Whoever threw it, guard, pipe, interceptor, handler or middleware: Nest answers for it, and the framework below never
 * sees it (`ExceptionsHandler.prototype.next(exception, host)`, `RpcExceptionsHandler.prototype.handle(exception, host)`).
 */
const taken = failure<Call<unknown, [exception: unknown, host: Host]>>({
  request: ({ args: [, host] }) => requestOf(host.getArgs(), host.getType()),
  error: ({ args: [exception] }) => exception,
})

/** Version 12 is of ES modules, which are reached by name. */
function patches(module: string, file: string, name: string, methods: Patch['methods']): Patch[] {
  const both = { module, file, at: `${name}.prototype`, from: `${name}.prototype`, methods }
  return [
    { ...both, versions: '>=11 <12' },
    { ...both, versions: '>=12 <13', locals: [name], direct: true },
  ]
}

const core = '@nestjs/core'
const microservices = '@nestjs/microservices'

interface Listeners {
  readonly ListenersController?: { readonly prototype: object }
}
type RegisterHandlers = (this: unknown, wrapper: unknown, server: object, ...rest: unknown[]) => unknown

/** Handlers of messages, of every transport: each server is told of them by `addHandler(pattern, handler, …)`. */
function adoptListeners({ ListenersController }: Listeners, engine: Engine): undefined {
  if (ListenersController === undefined) return
  const binding = messageBinding(engine)
  engine.patch(
    ListenersController.prototype,
    'registerPatternHandlers',
    (register: RegisterHandlers): RegisterHandlers =>
      function (wrapper, server, ...rest) {
        engine.patch(server, 'addHandler', (add) => tracedHandler(add, () => binding))
        return register.call(this, wrapper, server, ...rest)
      },
  )
}

const bindings = new WeakMap<Engine, Binding<Message>>()

function messageBinding(engine: Engine): Binding<Message> {
  const binding = bindings.get(engine) ?? engine.bind(core, inboundMessage, 'nest message')
  bindings.set(engine, binding)
  return binding
}

interface Packet {
  metadata?: { [name: string]: unknown }
}
interface Client {
  readonly prototype: object
}

/**
 * Since Nest 12 a packet has a place for such things beside the payload (`ClientProxy#setOnDispatchHook`), which servers
 * of TCP and of Redis read. Other transports have headers of their own, and older versions have no place at all.
 */
function adoptClient(name: string) {
  return (exports: { readonly [name: string]: Client | undefined }, engine: Engine): undefined => {
    const Client = exports[name]
    if (Client === undefined) return
    const { runtime } = engine
    engine.patch(Client.prototype, 'createPacket', (create: (...args: unknown[]) => Packet) => {
      return function (this: unknown, ...args: unknown[]): Packet {
        const packet = create.apply(this, args)
        const span = runtime.scope.activeSpan as EngineSpan | null
        if (span !== null && messageBinding(engine).enabled)
          packet.metadata = { ...packet.metadata, ...contextHeaders(runtime, span) }
        return packet
      }
    })
  }
}

export const nest: Instrumentation = instrumentation({
  name: core,
  versions: '>=11 <13',
  patches: [
    ...patches(core, 'interceptors/interceptors-consumer.js', 'InterceptorsConsumer', { intercept }),
    ...patches(core, 'guards/guards-consumer.js', 'GuardsConsumer', { tryActivate }),
    ...patches(core, 'exceptions/exceptions-handler.js', 'ExceptionsHandler', { next: taken }),
    ...patches(microservices, 'exceptions/rpc-exceptions-handler.js', 'RpcExceptionsHandler', {
      handle: taken,
    }),
  ],
  adopts: [
    { module: microservices, versions: '>=11 <12', file: 'listeners-controller.js', adopt: adoptListeners },
    {
      module: microservices,
      versions: '>=12 <13',
      file: 'listeners-controller.js',
      locals: ['ListenersController'],
      direct: true,
      adopt: adoptListeners,
    },
    ...['ClientTCP', 'ClientRedis'].map((name) => ({
      module: microservices,
      versions: '>=12 <13',
      file: `client/${name.replace('Client', 'client-').toLowerCase()}.js`,
      locals: [name],
      direct: true,
      adopt: adoptClient(name),
    })),
  ],
})
