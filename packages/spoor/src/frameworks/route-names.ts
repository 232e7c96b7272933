import { noopTracer } from '../api/noop.ts'
import type { Instrumentation } from '../instrument/define.ts'
import { Engine } from '../instrument/engine.ts'
import type { Undo } from '../instrument/patch.ts'
import { runtimeFor } from './tracer-source.ts'

/**
 * Beside the patches of `init()`, not in their place: either may go before the other. Both tell the same, and what is told
 * twice is heard once.
 */
const MARK = Symbol.for('spoor.routes')

/** Engines of tables whose rows only add to server spans, by table, with the number of those who need them. */
const engines = new Map<Instrumentation, { readonly engine: Engine; users: number }>()

/**
 * Lets a framework's own classes tell the route and the errors of its requests, whoever traces them. One patch serves all
 * tracing objects.
 *
 * @param parts what the table's patches find their methods in
 * @returns takes the patches back when nobody else needs them
 */
export function nameRoutes(table: Instrumentation, parts: object): Undo {
  const known = engines.get(table) ?? { engine: new Engine(runtime, [table], MARK), users: 0 }
  engines.set(table, known)
  known.users += 1
  known.engine.instrument(parts)
  return () => {
    known.users -= 1
    if (known.users > 0) return
    known.engine.stop()
    engines.delete(table)
  }
}

/** Such rows open no span: they need no tracer. */
const runtime = runtimeFor(noopTracer, 'opentracing')
