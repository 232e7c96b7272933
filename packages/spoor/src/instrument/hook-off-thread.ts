import Module from 'node:module'
import type { MessagePort } from 'node:worker_threads'
import type { ModuleTarget } from './hook.ts'
import type { FoundPackage } from './hook-index.ts'
import type { LoaderStart } from './hook-loader.ts'

/** The loader thread, seen from the thread of the application. */
export interface OffThreadHook {
  /** Replaces the list. It holds for every import that begins after this call. */
  list(targets: readonly ModuleTarget[]): void
  /** The listed packages that the loader has met since it was last asked. */
  met(): FoundPackage[]
}

/**
 * Edits ES modules on versions of Node whose synchronous hooks are missing or unsound, in Node's loader thread.
 *
 * @throws whatever `module.register` throws, for instance where our own files have been bundled
 */
export function hookOffThread(targets: readonly ModuleTarget[]): OffThreadHook {
  const { MessageChannel, receiveMessageOnPort } = process.getBuiltinModule('node:worker_threads')
  const { port1, port2 } = new MessageChannel()
  const start: LoaderStart = { targets, port: port2 }
  Module.register(loaderUrl(), { data: start, transferList: [port2] })
  port1.unref()
  return {
    list: (newTargets) => port1.postMessage(newTargets),
    met: () => drain<FoundPackage>(port1, receiveMessageOnPort),
  }
}

/** Everything that waits at a port. */
export function drain<Message>(
  port: MessagePort,
  receive: (port: MessagePort) => { message: Message } | undefined,
): Message[] {
  const messages: Message[] = []
  for (let next = receive(port); next !== undefined; next = receive(port)) messages.push(next.message)
  return messages
}

/**
 * `hook-loader.js` beside this file. `import.meta` and `__filename` each exist in only one of our two builds; the call
 * stack knows the file in both, as a URL in ES modules and as a path in CommonJS.
 */
function loaderUrl(): string {
  const { pathToFileURL } = process.getBuiltinModule('node:url')
  const prepare = Error.prepareStackTrace
  let here: string | null | undefined
  try {
    Error.prepareStackTrace = (_error, sites) => sites[0]?.getFileName()
    here = new Error().stack
  } finally {
    Error.prepareStackTrace = prepare
  }
  if (typeof here !== 'string') throw new Error('The call stack does not name the file it runs in.')
  return new URL('./hook-loader.js', here.startsWith('file:') ? here : pathToFileURL(here)).href
}
