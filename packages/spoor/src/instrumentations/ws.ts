import {
  type Call,
  connectionOf,
  type Instrumentation,
  instrumentation,
  isQuiet,
  noteConnection,
  notePath,
  type Patch,
  passing,
  received,
  sent,
} from '../instrument/index.ts'

interface WebSocket {
  readonly url?: string
  readonly _isServer?: boolean
  listenerCount(event: string): number
}

type Emitted = Call<WebSocket, [event: string, data?: unknown]>
type Sent = Call<WebSocket, [data: unknown]>

const SPANS: { readonly [event: string]: string } = { message: 'receive', close: 'close' }

/** The server has one listener of its own for the end of every connection. */
const isHeard = ({ self, args: [event] }: Emitted): boolean =>
  self.listenerCount(event) > (event === 'close' && self._isServer === true ? 1 : 0)

/** `WebSocket.prototype.emit(event, …)`, on both sides. */
const emit = received<Emitted>({
  system: 'websocket',
  name: ({ args: [event] }) => SPANS[event] as string,
  operation: ({ args: [event] }) => SPANS[event] as string,
  connection: ({ self }) => connectionOf(self),
  size: ({ args: [event, data] }) => (event === 'message' ? bytes(data) : undefined),
  skip: (call) => !Object.hasOwn(SPANS, call.args[0]) || isQuiet(call.self) || !isHeard(call),
})

/** `WebSocket.prototype.send(data, options, callback)`. */
const send = sent<Sent>({
  system: 'websocket',
  name: () => 'send',
  operation: () => 'send',
  connection: ({ self }) => connectionOf(self),
  size: ({ args: [data] }) => bytes(data),
  skip: ({ self }) => isQuiet(self),
})

/** `WebSocket.prototype.setSocket(socket, head, options)`: the handshake is done. */
const setSocket = passing<Call<WebSocket, [socket: object]>>(({ self, args: [socket] }, runtime) =>
  noteConnection(self, socket, runtime, self.url),
)

/** `WebSocketServer.prototype.handleUpgrade(request, socket, head, callback)`. */
const handleUpgrade = passing<Call<unknown, [request: { url?: string }, socket: object]>>(
  ({ args: [request, socket] }) => notePath(socket, request.url),
)

function bytes(data: unknown): number | undefined {
  if (typeof data === 'string') return Buffer.byteLength(data)
  if (Array.isArray(data)) return data.reduce((sum: number, part) => sum + (bytes(part) ?? 0), 0)
  return (data as { byteLength?: number } | null | undefined)?.byteLength
}

const socket = { module: 'ws', versions: '>=7 <9', file: 'lib/websocket.js', at: 'prototype' } as const
const from: Patch['from'] = (library) => (library.WebSocket ?? library).prototype

export const ws: Instrumentation = instrumentation({
  name: 'ws',
  patches: [
    { ...socket, from, methods: { emit, setSocket } },
    { ...socket, from, settles: 'callback', methods: { send } },
    {
      module: 'ws',
      versions: '>=7 <9',
      file: 'lib/websocket-server.js',
      at: 'prototype',
      from: (library) => (library.WebSocketServer ?? library.Server)?.prototype,
      methods: { handleUpgrade },
    },
  ],
})
