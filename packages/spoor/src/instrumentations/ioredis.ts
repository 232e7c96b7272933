import {
  type Call,
  callerOf,
  database,
  type Instrumentation,
  instrumentation,
  redisStatement,
  rememberCaller,
  seenBefore,
} from '../instrument/index.ts'

interface Client {
  readonly status: string
  readonly options: { readonly host?: string; readonly port?: number; readonly db?: number }
}

interface Command {
  readonly name: string
  readonly args: readonly unknown[]
}

type SendCommand = Call<Client, [command: Command, ...rest: unknown[]]>

/** What the client says of itself while it connects (lib/redis/event_handler.ts). */
const HANDSHAKE: ReadonlySet<string> = new Set(['hello', 'auth', 'client', 'info', 'select', 'readonly'])

/** A command comes by again when the queue of a connecting client is emptied: only the first time counts. */
const sendCommand = database<SendCommand>({
  system: 'redis',
  operation: ({ args: [command] }) => command.name.toUpperCase(),
  statement: ({ args: [command] }) => redisStatement(command.name, command.args),
  namespace: ({ self }) => self.options.db ?? 0,
  peer: ({ self }) => self.options,
  parent: ({ args: [command] }) => callerOf(command),
  skip: ({ self, args: [command] }) =>
    seenBefore(command) || (self.status !== 'ready' && self.status !== 'wait' && HANDSHAKE.has(command.name)),
})

/** Automatic pipelines are sent in the context of their first caller. */
const queued = rememberCaller(({ args: [command] }) => command as Command)

export const ioredis: Instrumentation = instrumentation({
  name: 'ioredis',
  // Its own channels (5.11 and later) report queued commands in the context of the constructor: not used.
  patches: [
    {
      module: 'ioredis',
      versions: '>=5 <7',
      file: 'built/Redis.js',
      at: 'default.prototype',
      from: 'prototype',
      methods: { sendCommand },
    },
    {
      module: 'ioredis',
      versions: '>=5 <7',
      file: 'built/Pipeline.js',
      at: 'default.prototype',
      methods: { sendCommand: queued },
    },
    {
      module: 'ioredis',
      versions: '>=4 <5',
      file: 'built/redis/index.js',
      at: 'default.prototype',
      methods: { sendCommand },
    },
    {
      module: 'ioredis',
      versions: '>=4 <5',
      file: 'built/pipeline.js',
      at: 'default.prototype',
      methods: { sendCommand: queued },
    },
  ],
})
