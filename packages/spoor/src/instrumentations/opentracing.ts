import { type Instrumentation, instrumentation } from '../instrument/index.ts'

interface GlobalTracer {
  initGlobalTracer(tracer: unknown): void
}

/** Code written for OpenTracing gets our tracer as its global one. The application may still set another. */
export const opentracing: Instrumentation = instrumentation({
  name: 'opentracing',
  adopts: [
    {
      module: 'opentracing',
      versions: '>=0.14 <1',
      file: 'lib/global_tracer.js',
      adopt: (exports: GlobalTracer, engine) => {
        exports.initGlobalTracer(engine.runtime.tracer)
        return () => exports.initGlobalTracer(null)
      },
    },
  ],
})
