import { FLAG_SAMPLED } from '../api/span-context.ts'
import { KIND_INTERNAL } from '../api/span-kind.ts'
import { type FinishedSpan, STATUS_UNSET } from '../tracer/finished-span.ts'

/**
 * A finished span for tests of sinks and encoders: complete, and every field can be given.
 *
 * @param fields what differs from a short span without parent
 */
export function finishedSpan(fields: Partial<FinishedSpan> = {}): FinishedSpan {
  return {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: (++spans).toString(16).padStart(16, '0'),
    parentSpanId: '',
    parentIsRemote: false,
    traceFlags: FLAG_SAMPLED,
    traceState: '',
    name: 'span',
    kind: KIND_INTERNAL,
    startTime: 1_700_000_000_000,
    endTime: 1_700_000_000_010.5,
    attributes: [],
    droppedAttributes: 0,
    events: null,
    droppedEvents: 0,
    links: null,
    droppedLinks: 0,
    statusCode: STATUS_UNSET,
    statusMessage: '',
    ...fields,
  }
}

let spans = 0
