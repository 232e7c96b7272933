// What the machine itself charges, for reference.
import { AsyncLocalStorage } from 'node:async_hooks'
import { add, names } from './cases.mjs'
import { clock, report } from './clock.mjs'

const storage = new AsyncLocalStorage()
const store = {}

const figures = await clock({
  [names.call](times) {
    let total = 0
    for (let i = 0; i < times; i++) total = add(total, i)
    return total
  },
  [names.run](times) {
    let total = 0
    const work = () => ++total
    for (let i = 0; i < times; i++) storage.run(store, work)
    return total
  },
  [names.store](times) {
    return storage.run(store, () => {
      let found = 0
      for (let i = 0; i < times; i++) if (storage.getStore() === store) found++
      return found
    })
  },
  [names.now](times) {
    let total = 0
    for (let i = 0; i < times; i++) total += performance.now()
    return total
  },
})
report(figures)
