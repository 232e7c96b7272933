import type { Binding } from '../instrument/bind.ts'
import type { Message } from '../instrument/messages.ts'
import { patchMethod, type Undo } from '../instrument/patch.ts'
import { nest as table } from '../instrumentations/nest.ts'
import { type Handler, traced, tracedHandler } from '../instrumentations/nest-messages.ts'
import { report } from '../log.ts'
import { nameRoutes } from './route-names.ts'

/** The classes of Nest, which an application holds instances of: nobody exports them, and the modules are not ours to load. */

type CreateHandler = (instance: object, callback: () => void, module: unknown) => object

/** Private fields of NestApplication and of NestMicroservice, in 11.2 and 12.5. */
interface Inside {
  readonly routesResolver?: {
    readonly routerExceptionsFilter?: { create: CreateHandler }
    readonly routerExplorer?: { readonly executionContextCreator?: Consumers }
  }
  readonly microservicesModule?: {
    readonly listenersController?: {
      readonly contextCreator?: Consumers
      readonly exceptionFiltersContext?: { create: CreateHandler }
    }
  } | null
}

interface Consumers {
  readonly guardsConsumer?: object
  readonly interceptorsConsumer?: object
}

/** Lets an application tell who handles its requests and messages, and which errors its exception filters take. */
export function nameHandlers(app: object): Undo {
  try {
    return nameRoutes(table, partsOf(app))
  } catch (error) {
    report(
      'nest.parts',
      'this version of Nest does not show its exception filters; what they take is not told, all else is',
      error,
    )
    return () => {}
  }
}

/** Under the names that the table knows them by. */
function partsOf({ routesResolver, microservicesModule }: Inside): object {
  const listeners = microservicesModule?.listenersController
  const consumers = routesResolver?.routerExplorer?.executionContextCreator ?? listeners?.contextCreator
  // As Nest makes those for what belongs to no controller (packages/core/router/routes-resolver.ts).
  const anybody = [{}, () => {}, undefined] as const
  return {
    InterceptorsConsumer: classOf(consumers?.interceptorsConsumer),
    GuardsConsumer: classOf(consumers?.guardsConsumer),
    ExceptionsHandler: classOf(routesResolver?.routerExceptionsFilter?.create(...anybody)),
    RpcExceptionsHandler: classOf(listeners?.exceptionFiltersContext?.create(...anybody)),
  }
}

function classOf(instance: object | undefined): { prototype: object } | undefined {
  return instance === undefined ? undefined : { prototype: Object.getPrototypeOf(instance) as object }
}

interface Server {
  readonly messageHandlers?: Map<string, Handler>
}

/** Traces the messages of one server, with the handlers that it has and those that it will get. */
export function traceServer(server: Server, binding: () => Binding<Message>): Undo {
  const undo = patchMethod(server, 'addHandler', (add) => tracedHandler(add, binding), Symbol('spoor.traced'))
  const { messageHandlers } = server
  const before = new Map(messageHandlers)
  for (const [pattern, handler] of before) messageHandlers?.set(pattern, traced(pattern, handler, binding))
  let attached = true
  return () => {
    if (!attached) return
    attached = false
    undo?.()
    for (const [pattern, handler] of before) messageHandlers?.set(pattern, handler)
  }
}
