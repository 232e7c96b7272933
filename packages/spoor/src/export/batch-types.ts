/** What a queue hands to a transport, and what it learns of its fate. */

/** Some spans, encoded as one complete request body. */
export interface EncodedBatch {
  /**
   * The body in pieces; joined they are one `ExportTraceServiceRequest`. They may point into reused buffers: the
   * owner changes them only after `send` has settled.
   */
  readonly chunks: readonly Uint8Array[]
  /** Length of all chunks together. */
  readonly bytes: number
  /** How many spans are in it. */
  readonly spans: number
  /** Two batches that hold the spans of this one; null or missing when it cannot be divided. */
  readonly split?: (() => [EncodedBatch, EncodedBatch] | null) | undefined
}

export interface SentBatch {
  readonly outcome: 'sent'
  /** How many spans the collector refused to keep (OTLP partial success). */
  readonly rejected: number
  /** What the collector had to say about it, `''` as a rule. */
  readonly message: string
}

export interface DroppedBatch {
  readonly outcome: 'dropped'
  readonly reason: string
  readonly spans: number
}

/** The collector cannot take it now: it waits on disk and is sent later, perhaps by another process. */
export interface SpilledBatch {
  readonly outcome: 'spilled'
  readonly spans: number
}

export type SendResult = SentBatch | SpilledBatch | DroppedBatch

/** Sends encoded batches. It never throws into its caller and never rejects. */
export interface BatchSender {
  /** Resolves when the batch has been accepted, set aside on disk, or given up. */
  send(batch: EncodedBatch): Promise<SendResult>
  /**
   * For the process's `exit` event: blocks, for a bounded time, until the batches have been sent or given up. A
   * batch whose `send` has not settled may be given again: OTLP allows duplicates.
   */
  sendSync(batches: readonly EncodedBatch[]): void
  /** The process is about to end: waits between attempts are cut short, and an absent collector is not waited for. */
  hurry(): void
  close(): Promise<void>
}
