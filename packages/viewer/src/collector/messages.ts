/**
 * The messages of OTLP's trace signal as tables. What a table does not name is skipped, as protobuf demands of readers.
 *
 * Source: opentelemetry-proto 1.11, trace/v1/trace.proto, common/v1/common.proto, resource/v1/resource.proto.
 */

export type Scalar =
  | 'id' // bytes; hex in JSON
  | 'bytes' // bytes; base64 in JSON
  | 'string'
  | 'bool'
  | 'uint32'
  | 'enum'
  | 'int64' // varint; a decimal string in JSON
  | 'time' // fixed64; a decimal string in JSON
  | 'fixed32'
  | 'double'

export interface Field {
  readonly number: number
  readonly name: string
  readonly type: Scalar | (() => Message)
  readonly repeated: boolean
}

/** One message: its fields by number, and by the name that JSON gives them. */
export interface Message {
  readonly fields: readonly (Field | undefined)[]
  readonly named: ReadonlyMap<string, Field>
}

const KEY_VALUE: Message = message([
  [1, 'key', 'string'],
  [2, 'value', () => ANY_VALUE],
])

const ANY_VALUE: Message = message([
  [1, 'stringValue', 'string'],
  [2, 'boolValue', 'bool'],
  [3, 'intValue', 'int64'],
  [4, 'doubleValue', 'double'],
  [5, 'arrayValue', () => ARRAY_VALUE],
  [6, 'kvlistValue', () => KEY_VALUE_LIST],
  [7, 'bytesValue', 'bytes'],
])

const ARRAY_VALUE: Message = message([[1, 'values', [() => ANY_VALUE]]])

const KEY_VALUE_LIST: Message = message([[1, 'values', [() => KEY_VALUE]]])

const EVENT: Message = message([
  [1, 'timeUnixNano', 'time'],
  [2, 'name', 'string'],
  [3, 'attributes', [() => KEY_VALUE]],
  [4, 'droppedAttributesCount', 'uint32'],
])

const LINK: Message = message([
  [1, 'traceId', 'id'],
  [2, 'spanId', 'id'],
  [3, 'traceState', 'string'],
  [4, 'attributes', [() => KEY_VALUE]],
  [5, 'droppedAttributesCount', 'uint32'],
  [6, 'flags', 'fixed32'],
])

const STATUS: Message = message([
  [2, 'message', 'string'],
  [3, 'code', 'enum'],
])

export const SPAN: Message = message([
  [1, 'traceId', 'id'],
  [2, 'spanId', 'id'],
  [3, 'traceState', 'string'],
  [4, 'parentSpanId', 'id'],
  [5, 'name', 'string'],
  [6, 'kind', 'enum'],
  [7, 'startTimeUnixNano', 'time'],
  [8, 'endTimeUnixNano', 'time'],
  [9, 'attributes', [() => KEY_VALUE]],
  [10, 'droppedAttributesCount', 'uint32'],
  [11, 'events', [() => EVENT]],
  [12, 'droppedEventsCount', 'uint32'],
  [13, 'links', [() => LINK]],
  [14, 'droppedLinksCount', 'uint32'],
  [15, 'status', () => STATUS],
  [16, 'flags', 'fixed32'],
])

export const SCOPE: Message = message([
  [1, 'name', 'string'],
  [2, 'version', 'string'],
  [3, 'attributes', [() => KEY_VALUE]],
  [4, 'droppedAttributesCount', 'uint32'],
])

export const RESOURCE: Message = message([
  [1, 'attributes', [() => KEY_VALUE]],
  [2, 'droppedAttributesCount', 'uint32'],
])

const SCOPE_SPANS: Message = message([
  [1, 'scope', () => SCOPE],
  [2, 'spans', [() => SPAN]],
  [3, 'schemaUrl', 'string'],
])

const RESOURCE_SPANS: Message = message([
  [1, 'resource', () => RESOURCE],
  [2, 'scopeSpans', [() => SCOPE_SPANS]],
  [3, 'schemaUrl', 'string'],
])

/** ExportTraceServiceRequest. */
export const REQUEST: Message = message([[1, 'resourceSpans', [() => RESOURCE_SPANS]]])

type FieldRow = [number: number, name: string, type: Field['type'] | [Field['type']]]

function message(rows: FieldRow[]): Message {
  const fields: (Field | undefined)[] = []
  const named = new Map<string, Field>()
  for (const [number, name, type] of rows) {
    const repeated = Array.isArray(type)
    const field: Field = { number, name, type: repeated ? type[0] : type, repeated }
    fields[number] = field
    named.set(name, field)
  }
  return { fields: Array.from(fields), named }
}
