import {
  type Call,
  database,
  type Instrumentation,
  instrumentation,
  keepContext,
  ownerOf,
  redisStatement,
  redisStatus,
} from '../instrument/index.ts'

/** What node-redis publishes (@redis/client 5.12 and later, lib/client/tracing.ts). */
interface Connection {
  readonly serverAddress?: string
  readonly serverPort?: number
  readonly database?: number
  readonly error?: unknown
}

interface Command extends Connection {
  readonly command: string
  readonly args: readonly unknown[]
}

interface Batch extends Connection {
  readonly batchMode: string
  readonly batchSize?: number
}

const published = {
  system: 'redis',
  namespace: ({ database }: Connection) => database,
  peer: ({ serverAddress, serverPort }: Connection) => ({ host: serverAddress, port: serverPort }),
  status: ({ error }: Connection) => redisStatus(error),
}

const publishedCommand = database<Command>({
  ...published,
  operation: ({ command }) => command.toUpperCase(),
  statement: ({ command, args }) => redisStatement(command, args.slice(1)),
})

const publishedBatch = database<Batch>({
  ...published,
  operation: ({ batchMode }) => batchMode,
  batchSize: ({ batchSize }) => batchSize,
})

/** What we read of a client that publishes nothing. */
interface Client {
  readonly options?: {
    readonly database?: number
    readonly socket?: { readonly host?: string; readonly port?: number; readonly path?: string }
  }
}

const unpublished = {
  system: 'redis',
  namespace: ({ self }: Call<Client>) => self.options?.database,
  peer({ self: { options } }: Call<Client>) {
    const { host = 'localhost', port = 6379, path } = options?.socket ?? {}
    return path === undefined ? { host, port } : { host: path }
  },
  status: ({ error }: Call<Client>) => redisStatus(error),
}

const command = database<Call<Client, [words: readonly unknown[]]>>({
  ...unpublished,
  operation: ({ args: [words] }) => String(words[0]).toUpperCase(),
  statement: ({ args: [words] }) => redisStatement(String(words[0]), words.slice(1)),
})

const batch = (operation: (call: Call<Client>) => string) =>
  database<Call<Client, [commands: readonly unknown[], ...rest: unknown[]]>>({
    ...unpublished,
    operation,
    batchSize: ({ args: [commands] }) => commands.length,
  })

/** Only a transaction has a chain. */
const multiExecutor = batch(({ args: [, , chain] }) => (chain === undefined ? 'PIPELINE' : 'MULTI'))

type Exports = { createClient?: () => object; createCluster?: unknown; createClientPool?: () => object }

/** No version exports its classes; a client that never connects costs an object. Later ones publish by themselves. */
function clientPrototype({ createClient, createCluster }: Exports): object | undefined {
  // Other libraries have a createClient too, which connects: ioredis, and this one before version 4.
  if (createCluster === undefined) return undefined
  const prototype = ownerOf('sendCommand', createClient?.())
  return prototype !== undefined && '_clientId' in prototype ? undefined : prototype
}

function poolPrototype({ createClientPool }: Exports): object | undefined {
  return ownerOf('execute', createClientPool?.())
}

export const redis: Instrumentation = instrumentation({
  name: 'redis',
  versions: '>=4 <7',
  channels: {
    'node-redis:command': publishedCommand,
    'node-redis:batch': publishedBatch,
    'node-redis:connect': database<Connection>({ ...published, operation: () => 'connect' }),
  },
  patches: [
    {
      module: '@redis/client',
      versions: '>=5 <5.12',
      file: 'dist/lib/client/index.js',
      at: 'default.prototype',
      from: clientPrototype,
      methods: {
        sendCommand: command,
        _executeMulti: batch(() => 'MULTI'),
        _executePipeline: batch(() => 'PIPELINE'),
      },
    },
    // A busy pool runs the task of whoever waits in the context of whoever gives the client back.
    {
      module: '@redis/client',
      versions: '>=5 <7',
      file: 'dist/lib/client/pool.js',
      at: 'RedisClientPool.prototype',
      from: poolPrototype,
      settles: 'callback',
      methods: { execute: keepContext },
    },
    // Version 4: all commands pass a private method, which its compiler made a function of the file.
    {
      module: '@redis/client',
      versions: '>=1.2 <2',
      file: 'dist/lib/client/index.js',
      at: '',
      locals: ['_RedisClient_sendCommand'],
      format: 'commonjs',
      methods: { _RedisClient_sendCommand: command },
    },
    {
      module: '@redis/client',
      versions: '>=1 <2',
      file: 'dist/lib/client/index.js',
      at: 'default.prototype',
      from: clientPrototype,
      methods: { multiExecutor },
    },
  ],
})
