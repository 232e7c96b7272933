/**
 * `spoor/export`: where finished spans go. An application seldom needs it: `init()` chooses and assembles these.
 *
 * @example
 * import { renderWaterfall } from 'spoor/export'
 *
 * process.stdout.write(renderWaterfall(spans, { width: process.stdout.columns, color: process.stdout.isTTY }))
 */
export { type BatchEncoder, type BatchOptions, BatchSink, defaultBatchOptions } from './batch.ts'
export type {
  BatchSender,
  DroppedBatch,
  EncodedBatch,
  SendResult,
  SentBatch,
  SpilledBatch,
} from './batch-types.ts'
export { ConsoleSink, type ConsoleSinkOptions, type ConsoleStream } from './console.ts'
export { FileSink, type FileSinkOptions } from './file.ts'
export { holdOpen, onProcessEnd, type ProcessEndOptions } from './lifecycle.ts'
export { MemorySink, type MemorySinkOptions } from './memory.ts'
export type { TlsOptions } from './otlp/endpoint.ts'
export { type OtlpHttpOptions, OtlpHttpSender } from './otlp/http.ts'
export { encodeJson } from './otlp/json.ts'
export { JsonBatchEncoder } from './otlp/json-batch.ts'
export { type Envelope, ProtobufBatchEncoder } from './otlp/protobuf-batch.ts'
export { detectResource, type ResourceOptions } from './resource.ts'
export {
  type PlainAttributes,
  type PlainValue,
  type SpanData,
  type SpanEventData,
  type SpanKindName,
  type SpanLinkData,
  type SpanStatusName,
  snapshot,
} from './span-data.ts'
export { wantsColor } from './terminal.ts'
export { formatDuration, renderWaterfall, type WaterfallOptions, type WaterfallSpan } from './waterfall.ts'
