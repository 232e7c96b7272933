import {
  type Call,
  callerOf,
  database,
  type Instrumentation,
  instrumentation,
  redisStatement,
  redisStatus,
  rememberCaller,
  seenBefore,
} from '../instrument/index.ts'

interface Client {
  readonly status: string
  readonly options: {
    readonly host?: string
    readonly port?: number
    readonly db?: number
    readonly path?: string | null
    readonly connectionName?: string | null
  }
}

interface Command {
  readonly name: string
  readonly args: readonly unknown[]
}

type SendCommand = Call<Client, [command: Command, ...rest: unknown[]]>

/** What the client sends of itself between connecting and being ready (lib/redis/event_handler.ts). */
const HANDSHAKE: ReadonlySet<string> = new Set(['hello', 'auth', 'client', 'info', 'select', 'readonly'])

/** Version 4 gives the connection its name when it is ready already. */
function isHandshake(client: Client, { name, args }: Command): boolean {
  if (client.status === 'connect') return HANDSHAKE.has(name)
  return name === 'client' && args[0] === 'setname' && args[1] === client.options.connectionName
}

/** A command comes by again when the queue of a connecting client is emptied: only the first time counts. */
const sendCommand = database<SendCommand>({
  system: 'redis',
  operation: ({ args: [command] }) => command.name.toUpperCase(),
  statement: ({ args: [command] }) => redisStatement(command.name, command.args),
  namespace: ({ self }) => self.options.db ?? 0,
  peer: ({ self: { options } }) => (options.path == null ? options : { host: options.path }),
  status: ({ error }) => redisStatus(error),
  parent: ({ args: [command] }) => callerOf(command),
  skip: ({ self, args: [command] }) => seenBefore(command) || isHandshake(self, command),
})

/** Pipelines, the automatic ones too, and clusters send in whoever's context they are ready. */
const queued = rememberCaller(({ args: [command] }) => command as Command)

/** The library is its main class. */
const redis = ({ prototype, Pipeline }: { prototype?: object; Pipeline?: unknown }) =>
  Pipeline === undefined ? undefined : prototype

/** One file, in the two layouts that the package has had. */
const since5 = { module: 'ioredis', versions: '>=5 <7', at: 'default.prototype' }
const before5 = { module: 'ioredis', versions: '>=4 <5', at: 'default.prototype' }

export const ioredis: Instrumentation = instrumentation({
  name: 'ioredis',
  // Its own channels (5.11 and later) report queued commands in the context of the constructor: not used.
  patches: [
    { ...since5, file: 'built/Redis.js', from: redis, methods: { sendCommand } },
    { ...since5, file: 'built/Pipeline.js', from: 'Pipeline.prototype', methods: { sendCommand: queued } },
    {
      ...since5,
      file: 'built/cluster/index.js',
      from: 'Cluster.prototype',
      methods: { sendCommand: queued },
    },
    { ...before5, file: 'built/redis/index.js', from: redis, methods: { sendCommand } },
    { ...before5, file: 'built/pipeline.js', from: 'Pipeline.prototype', methods: { sendCommand: queued } },
    {
      ...before5,
      file: 'built/cluster/index.js',
      from: 'Cluster.prototype',
      methods: { sendCommand: queued },
    },
  ],
})
