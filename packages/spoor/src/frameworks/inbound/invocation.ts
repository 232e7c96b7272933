import { shared } from '../../api/global.ts'
import { KIND_SERVER } from '../../api/span-kind.ts'
import type { Row } from '../../instrument/row.ts'
import { type FactWriter, write } from '../../semantics/dialect.ts'
import { faasNames } from '../../semantics/faas.ts'
import { isHttpEvent } from './lambda-events.ts'

/** One call of a function. */
export interface Invocation {
  readonly event: unknown
  readonly context: LambdaContext
  /** What the function is called where its context does not tell. */
  readonly fallback: string
  /** The first of its process. */
  readonly isCold: boolean
}

/** What we use of the context object (AWS Lambda, "Using the Lambda context object"). */
export interface LambdaContext {
  readonly functionName?: string
  readonly functionVersion?: string
  readonly invokedFunctionArn?: string
  readonly awsRequestId?: string
  getRemainingTimeInMillis?(): number
}

/** The row of events that are no requests: the function is what they are known by. */
export const invocationRow: Row<Invocation> = {
  does: 'span',
  kind: KIND_SERVER,
  name: nameOf,
  parent: () => null,
  describe(invocation, to, { http }) {
    write(to, http.component, 'aws-lambda')
    describeInvocation(invocation, to)
  },
}

export function describeInvocation(invocation: Invocation, to: FactWriter): void {
  const { event, context, isCold } = invocation
  write(to, faasNames.name, nameOf(invocation))
  write(to, faasNames.version, context.functionVersion)
  write(to, faasNames.invocation, context.awsRequestId)
  write(to, faasNames.trigger, triggerOf(event))
  write(to, faasNames.coldStart, isCold)
  write(to, faasNames.resource, context.invokedFunctionArn)
  write(to, faasNames.account, context.invokedFunctionArn?.split(':')[4])
}

const start = shared('lambda.1', () => ({ isCold: true }))

/** Whether this is the first invocation of the process; it is not the next time. */
export function isColdStart(): boolean {
  const { isCold } = start
  start.isCold = false
  return isCold
}

function nameOf({ context, fallback }: Invocation): string {
  return context.functionName ?? fallback
}

interface TriggerEvent {
  readonly Records?: readonly { readonly eventSource?: string; readonly EventSource?: string }[]
  readonly source?: string
  readonly 'detail-type'?: string
}

/** By what the event says of its source (AWS Lambda, "Invoking Lambda with events from other AWS services"). */
function triggerOf(event: unknown): string {
  if (isHttpEvent(event)) return 'http'
  const { Records, source, 'detail-type': type } = (event ?? {}) as TriggerEvent
  if (source === 'aws.events' && type === 'Scheduled Event') return 'timer'
  const [record] = Array.isArray(Records) ? (Records as NonNullable<TriggerEvent['Records']>) : []
  switch (record?.eventSource ?? record?.EventSource) {
    case 'aws:sqs':
    case 'aws:sns':
    case 'aws:kinesis':
      return 'pubsub'
    case 'aws:s3':
    case 'aws:dynamodb':
      return 'datasource'
    default:
      return 'other'
  }
}
