import {
  type Call,
  connectionOf,
  type Instrumentation,
  instrumentation,
  keepContext,
  noteConnection,
  noteQuiet,
  ownerOf,
  type Patch,
  passing,
  received,
} from '../instrument/index.ts'

/** A socket, or the namespace that tells of a new one. */
interface Emitter {
  readonly client?: object
  readonly nsp?: { readonly name: string }
  readonly name?: string
  listenerCount(event: string): number
}

type Emitted = Call<Emitter, [event: string, socket?: object]>

const subject = ({ self, args: [, socket] }: Emitted): object =>
  self.client === undefined && typeof socket === 'object' ? socket : self

/** Clients name their events as they like: what nobody listens for names no span. */
const facts = {
  system: 'socket.io',
  name: ({ args: [event] }: Emitted) => `socket.io ${event}`,
  operation: () => 'process',
  connection: (call: Emitted) => connectionOf(subject(call)),
  destination: ({ self }: Emitted) => self.nsp?.name ?? self.name,
}

/** `StrictEventEmitter.prototype.emitUntyped(event, …)`: how a socket hands out what its client has sent. */
const emitUntyped = received<Emitted>({
  ...facts,
  skip: ({ self, args: [event] }) => self.client === undefined || self.listenerCount(event) === 0,
})

const RESERVED = new Set(['connection', 'connect', 'disconnecting', 'disconnect'])

/** `StrictEventEmitter.prototype.emitReserved(event, …)`: how sockets come and go. */
const emitReserved = received<Emitted>({
  ...facts,
  skip: ({ self, args: [event] }) => !RESERVED.has(event) || self.listenerCount(event) === 0,
})

/** `Socket.prototype._onconnect()`: from here on it is known whose request has brought it. */
const _onconnect = passing<Call<{ readonly request: object }>>(({ self }, runtime) =>
  noteConnection(self, self.request, runtime),
)

/** `Server.prototype.onWebSocket(request, socket, websocket)` of engine.io: the heartbeats of a transport are nobody's business. */
const onWebSocket = passing<Call<unknown, [request: object, socket: object, websocket?: object]>>(
  ({ args: [, , websocket] }) => noteQuiet(websocket),
)

/** `addEventListeners()` of the client's transport. */
const addEventListeners = passing<Call<{ readonly ws?: object }>>(({ self }) => noteQuiet(self.ws))

/** The class of what `io.to(room)` gives is not exported. */
function operators({
  Namespace,
}: {
  Namespace?: { prototype?: { to?: unknown; serverSideEmit?: unknown } }
}): object | undefined {
  const { to, serverSideEmit } = Namespace?.prototype ?? {}
  if (typeof to !== 'function' || typeof serverSideEmit !== 'function') return undefined
  return ownerOf('emit', to.call({}, 'a room'))
}

const four = { module: 'socket.io', versions: '>=4 <5', at: 'Socket.prototype' } as const
const client = {
  module: 'engine.io-client',
  versions: '>=6.6 <7',
  at: 'BaseWS.prototype',
  from: (library: any) => ownerOf('addEventListeners', library.NodeWebSocket?.prototype),
  methods: { addEventListeners },
} as const
const socket: Patch['from'] = 'Socket.prototype'

export const socketIo: Instrumentation = instrumentation({
  name: 'socket.io',
  patches: [
    {
      ...four,
      file: 'dist/typed-events.js',
      at: 'StrictEventEmitter.prototype',
      from: (library) => ownerOf('emitUntyped', library.Socket?.prototype),
      methods: { emitUntyped, emitReserved },
    },
    { ...four, file: 'dist/socket.js', from: socket, methods: { _onconnect } },
    // Callbacks that wait for an acknowledgement are called by whoever brings it.
    {
      ...four,
      file: 'dist/socket.js',
      from: socket,
      settles: 'callback',
      methods: { emit: keepContext },
    },
    {
      ...four,
      file: 'dist/broadcast-operator.js',
      at: 'BroadcastOperator.prototype',
      from: operators,
      settles: 'callback',
      methods: { emit: keepContext },
    },
    {
      module: 'engine.io',
      versions: '>=6 <7',
      file: 'build/server.js',
      at: 'Server.prototype',
      from: 'Server.prototype',
      methods: { onWebSocket },
    },
    { ...client, file: 'build/cjs/transports/websocket.js' },
    { ...client, file: 'build/esm-debug/transports/websocket.js' },
    { ...client, file: 'build/esm/transports/websocket.js' },
  ],
})
