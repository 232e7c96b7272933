import { isBuiltin } from 'node:module'
import { storeContract } from './contract.js'

storeContract('wasm')
// Node 20 does not have it; there the other one is what the viewer uses.
if (isBuiltin('node:sqlite')) storeContract('node:sqlite')
