import { report } from '../log.ts'
import type { FinishedSpan, SpanSink } from './finished-span.ts'

/**
 * Hands finished spans to the sinks. What a sink throws stays here: it is reported once, the other sinks and the
 * application go on.
 */
export class Recorder implements SpanSink {
  readonly #sinks: readonly SpanSink[]
  #closing: Promise<void> | null = null

  constructor(sinks: readonly SpanSink[]) {
    this.#sinks = sinks
  }

  record(span: FinishedSpan): void {
    if (this.#closing !== null) return
    for (const sink of this.#sinks) {
      try {
        sink.record(span)
      } catch (error) {
        report(
          'sink',
          'an exporter threw while it took a span; the span is lost to it, the others go on',
          error,
        )
      }
    }
  }

  async flush(): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => guarded(() => sink.flush())))
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all(this.#sinks.map((sink) => guarded(() => sink.close()))).then(
      () => undefined,
    )
    return this.#closing
  }

  hurry(): void {
    this.#atEnd((sink) => sink.hurry?.())
  }

  exit(): void {
    this.#atEnd((sink) => sink.exit?.())
  }

  #atEnd(action: (sink: SpanSink) => void): void {
    for (const sink of this.#sinks) {
      try {
        action(sink)
      } catch (error) {
        report('sink.exit', 'an exporter threw while the process was ending', error)
      }
    }
  }
}

async function guarded(action: () => Promise<void>): Promise<void> {
  try {
    await action()
  } catch (error) {
    report('sink.flush', 'an exporter failed to send what it had', error)
  }
}
