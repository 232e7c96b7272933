import type { EncodedBatch } from '../../../dist/esm/export/batch-types.js'
import { JsonBatchEncoder } from '../../../dist/esm/export/otlp/json-batch.js'
import { finishedSpan } from '../../../dist/esm/testing/finished-span.js'

/** A real batch of JSON spans with these names. */
export function batchOf(...names: string[]): EncodedBatch {
  const encoder = new JsonBatchEncoder(() => ({ 'service.name': 'test' }))
  for (const name of names) encoder.add(finishedSpan({ name }))
  return encoder.take()
}
