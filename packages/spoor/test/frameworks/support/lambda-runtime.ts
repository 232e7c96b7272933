/**
 * What AWS does with a handler (aws-lambda-nodejs-runtime-interface-client 3): calls it with a context and a callback, takes
 * the callback or the promise for the answer, and freezes the process as soon as it has one.
 */
export interface LambdaAnswer {
  readonly result?: unknown
  readonly error?: unknown
  /** What `frozen` told at that moment. */
  readonly seen: unknown
}

let requests = 0

export async function invoke(
  handler: (event: any, context: any, callback?: any) => unknown,
  event: unknown,
  frozen: () => unknown,
  { remaining = 3000 }: { remaining?: number } = {},
): Promise<LambdaAnswer> {
  requests += 1
  const context = {
    functionName: 'orders',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:orders',
    memoryLimitInMB: '128',
    awsRequestId: `00000000-0000-4000-8000-${String(requests).padStart(12, '0')}`,
    logGroupName: '/aws/lambda/orders',
    logStreamName: '2026/03/10/[$LATEST]79b4f56e95b1',
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => remaining,
  }
  return new Promise((resolve) => {
    const callback = (error?: unknown, result?: unknown): void =>
      resolve({ ...(error ? { error } : { result }), seen: frozen() })
    try {
      const returned = handler(event, context, callback) as PromiseLike<unknown> | undefined
      if (typeof returned?.then === 'function')
        returned.then(
          (result) => callback(null, result),
          (error) => callback(error),
        )
    } catch (error) {
      callback(error)
    }
  })
}
