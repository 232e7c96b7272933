import { database, type Instrumentation, instrumentation, redisStatement } from '../instrument/index.ts'

/** What node-redis publishes (@redis/client 5.12 and later, lib/client/tracing.ts). */
interface Connection {
  readonly serverAddress?: string
  readonly serverPort?: number
  readonly database?: number
}

interface Command extends Connection {
  readonly command: string
  readonly args: readonly unknown[]
}

interface Batch extends Connection {
  readonly batchMode: string
  readonly batchSize?: number
}

const peer = ({ serverAddress, serverPort }: Connection) => ({ host: serverAddress, port: serverPort })

export const redis: Instrumentation = instrumentation({
  name: 'redis',
  versions: '>=4 <7',
  channels: {
    'node-redis:command': database<Command>({
      system: 'redis',
      operation: ({ command }) => command.toUpperCase(),
      statement: ({ command, args }) => redisStatement(command, args.slice(1)),
      namespace: (command) => command.database,
      peer,
    }),
    'node-redis:batch': database<Batch>({
      system: 'redis',
      operation: ({ batchMode }) => batchMode,
      batchSize: ({ batchSize }) => batchSize,
      namespace: (batch) => batch.database,
      peer,
    }),
    'node-redis:connect': database<Connection>({ system: 'redis', operation: () => 'connect', peer }),
  },
})
