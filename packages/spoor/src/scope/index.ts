export { AsyncLocalStorageScopeManager } from './async-local-storage.ts'
export { StackScopeManager } from './stack.ts'
