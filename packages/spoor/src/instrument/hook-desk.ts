import { DESK, type Handover } from './epilogue.ts'

/** What an epilogue finds under the symbol: an array as long as nobody hooks modules, else us. */
interface Desk {
  push(handover: Handover): unknown
}

type Holder = { [key: symbol]: Desk | undefined }

const KEY = Symbol.for(DESK)

/**
 * Takes the desk: what was left there comes first, then whatever is handed over from now on.
 *
 * @param receive gets each handover; what it throws is the caller's to catch, it would reach the application
 * @returns leaves the desk again
 */
export function takeDesk(receive: (handover: Handover) => void): () => void {
  const holder = globalThis as Holder
  const before = holder[KEY]
  holder[KEY] = { push: receive }
  if (Array.isArray(before)) for (const handover of before) receive(handover)
  return () => {
    holder[KEY] = []
  }
}
