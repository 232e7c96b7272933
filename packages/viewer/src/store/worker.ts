/** The store's thread: opens the store, answers questions, keeps it within its bounds. */
import { parentPort, workerData } from 'node:worker_threads'
import { messageOf } from '../errors.ts'
import { Deliveries, failureOf } from './deliveries.ts'
import type { Message, Question, WorkerSettings } from './messages.ts'
import { openStore, type Store } from './store.ts'

const MAINTENANCE_MS = 5_000

const port = parentPort!
const settings = workerData as WorkerSettings

silenceSqliteWarning()
try {
  serve(await openStore(settings))
} catch (error) {
  say({ say: 'failed', failure: failureOf(error, 'SPOOR_STORE_UNUSABLE') })
  port.close()
}

function serve(store: Store): void {
  const deliveries = new Deliveries(store, settings.maxBody, {
    stored: (id, value) => say({ say: 'answer', id, value }),
    refused: (id, failure) => say({ say: 'refusal', id, failure }),
    changed: (traceIds, spans) => say({ say: 'changed', traceIds, spans }),
    trouble: (message) => say({ say: 'trouble', message }),
  })
  let maintenance = setTimeout(maintain, 0)

  port.on('message', async ({ id, ...question }: Question & { id: number }) => {
    if (question.ask === 'store') {
      deliveries.take(id, question)
      return
    }
    try {
      if (question.ask === 'close') {
        await deliveries.settled()
        clearTimeout(maintenance)
        store.close()
      }
      say({ say: 'answer', id, value: answer(store, question) })
    } catch (error) {
      say({ say: 'refusal', id, failure: failureOf(error, 'SPOOR_STORE_UNAVAILABLE') })
    }
    if (question.ask === 'close') port.close()
  })
  say({ say: 'ready', engine: store.engineName })

  function maintain(): void {
    let more = false
    try {
      more = store.maintain()
    } catch {
      // No room to delete in either. Whoever writes next says so; this is tried again.
      store.rollback()
    }
    maintenance = setTimeout(maintain, more ? 0 : MAINTENANCE_MS)
  }
}

function answer(store: Store, question: Exclude<Question, { ask: 'store' }>): unknown {
  switch (question.ask) {
    case 'list':
      return JSON.stringify(store.list(question.query))
    case 'trace':
      return JSON.stringify(store.skeleton(question.traceId))
    case 'span':
      return JSON.stringify(store.span(question.traceId, question.spanId))
    case 'otlp':
      return JSON.stringify(store.otlp(question.traceId))
    case 'totals':
      return store.totals()
    case 'quota':
      store.setQuota(question.bytes)
      return undefined
    case 'close':
      return undefined
  }
}

function say(message: Message): void {
  port.postMessage(message)
}

/** Node 22 calls its SQLite experimental on every start. This thread is ours alone, and only that warning is dropped. */
function silenceSqliteWarning(): void {
  const { emitWarning } = process
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (/^SQLite is an experimental feature/.test(messageOf(warning))) return
    emitWarning.call(process, warning, ...rest)
  }) as typeof process.emitWarning
}
