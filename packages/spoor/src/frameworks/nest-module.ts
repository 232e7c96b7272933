import { report } from '../log.ts'
import { type NestApp, NestTracing } from './nest-tracing.ts'
import type { TracingOptions } from './tracing.ts'

/** What Nest calls a dynamic module. */
export interface DynamicTracingModule {
  readonly module: new () => object
  readonly global: true
  readonly providers: any[]
  readonly exports: any[]
}

/** What Nest hands to `configure()`: its public type does not show the adapter, all versions have it (10 to 12.5). */
interface Consumer {
  getHttpAdapter?(): NestApp
}

/**
 * Tracing as a module of the application: all of its requests and messages, and a {@link NestTracing} to inject.
 *
 * A module does not get to see the application, and its interceptor comes after the guards: the span of a request that a
 * guard refuses says so by its status alone, and a message that a guard refuses has none. `tracing.attach(app)` and
 * `init()` tell of those errors too.
 */
// biome-ignore lint/complexity/noStaticOnlyClass: modules of Nest are classes
export class TracingModule {
  /**
   * @param options as for {@link NestTracing}, or one that is there already
   * @throws {SpoorError} as `new NestTracing()`
   */
  static forRoot(options: TracingOptions<NestApp> | NestTracing = {}): DynamicTracingModule {
    const tracing = options instanceof NestTracing ? options : new NestTracing(withoutApp(options))
    return {
      module: class extends TracingModule {
        configure(consumer: Consumer): void {
          const adapter = consumer.getHttpAdapter?.()
          if (adapter !== undefined) attach(tracing, adapter)
        }
      },
      global: true,
      providers: [
        { provide: NestTracing, useValue: tracing },
        // The value of APP_INTERCEPTOR (packages/core/constants.ts).
        { provide: 'APP_INTERCEPTOR', useValue: tracing.interceptor },
      ],
      exports: [NestTracing],
    }
  }
}

/** The module brings the application: to ask for all of it needs no other. */
function withoutApp({ traceAll, ...options }: TracingOptions<NestApp>): TracingOptions<NestApp> {
  return traceAll === false ? { ...options, traceAll } : options
}

function attach(tracing: NestTracing, adapter: NestApp): void {
  try {
    tracing.attach(adapter)
  } catch (error) {
    report(
      'nest.module',
      'the requests of this application are traced from their handlers on: its HTTP adapter is not known',
      error,
    )
  }
}
