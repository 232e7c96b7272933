/** Events as AWS documents them: API Gateway in payload formats 1.0 and 2.0, a load balancer, and a queue. */

/** REST API, "Set up Lambda proxy integrations in API Gateway": input format. */
export const restApi = {
  resource: '/users/{id}',
  path: '/users/7',
  httpMethod: 'GET',
  headers: {
    Accept: '*/*',
    Host: 'a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com',
    'User-Agent': 'curl/8.5.0',
    'X-Amzn-Trace-Id': 'Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e',
    'X-Forwarded-For': '198.51.100.9',
    'X-Forwarded-Port': '443',
    'X-Forwarded-Proto': 'https',
  },
  multiValueHeaders: {
    Accept: ['*/*'],
    Host: ['a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com'],
    'User-Agent': ['curl/8.5.0'],
    'X-Amzn-Trace-Id': ['Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e'],
    'X-Forwarded-For': ['198.51.100.9'],
    'X-Forwarded-Port': ['443'],
    'X-Forwarded-Proto': ['https'],
  },
  queryStringParameters: { tag: 'b c', token: 'hidden' },
  multiValueQueryStringParameters: { tag: ['a', 'b c'], token: ['hidden'] },
  pathParameters: { id: '7' },
  stageVariables: null,
  requestContext: {
    accountId: '123456789012',
    apiId: 'a1b2c3d4e5',
    domainName: 'a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com',
    domainPrefix: 'a1b2c3d4e5',
    extendedRequestId: 'JKJaXmPLvHcESHA=',
    httpMethod: 'GET',
    identity: { sourceIp: '198.51.100.9', userAgent: 'curl/8.5.0', user: null, userArn: null },
    path: '/prod/users/7',
    protocol: 'HTTP/1.1',
    requestId: '4c1a5dd8-9f35-4a8e-9c2d-1f0e0b1c2d3e',
    requestTime: '10/Mar/2026:00:03:59 +0000',
    requestTimeEpoch: 1773100000000,
    resourceId: 'gl8xmpl',
    resourcePath: '/users/{id}',
    stage: 'prod',
  },
  body: null,
  isBase64Encoded: false,
}

/** HTTP API and function URL, "Payload format version 2.0". */
export const httpApi = {
  version: '2.0',
  routeKey: 'POST /orders/{id}',
  rawPath: '/orders/9',
  rawQueryString: 'page=1&page=2&token=hidden',
  cookies: ['cookie1=a', 'cookie2=b'],
  headers: {
    host: 'd-a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com',
    'user-agent': 'curl/8.5.0',
    'x-forwarded-for': '2001:db8::17',
    'x-forwarded-port': '443',
    'x-forwarded-proto': 'https',
  },
  queryStringParameters: { page: '1,2', token: 'hidden' },
  requestContext: {
    accountId: '123456789012',
    apiId: 'a1b2c3d4e5',
    domainName: 'd-a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com',
    domainPrefix: 'd-a1b2c3d4e5',
    http: {
      method: 'POST',
      path: '/orders/9',
      protocol: 'HTTP/1.1',
      sourceIp: '2001:db8::17',
      userAgent: 'curl/8.5.0',
    },
    requestId: 'JKJaXmPLvHcESHA=',
    routeKey: 'POST /orders/{id}',
    stage: '$default',
    time: '10/Mar/2026:00:03:59 +0000',
    timeEpoch: 1773100000000,
  },
  body: '{}',
  pathParameters: { id: '9' },
  isBase64Encoded: false,
}

/** "Use Lambda functions as targets of an Application Load Balancer": headers in lower case, the query not decoded. */
export const loadBalancer = {
  requestContext: {
    elb: {
      targetGroupArn:
        'arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/lambda-279/49e9d65c45c6791a',
    },
  },
  httpMethod: 'GET',
  path: '/lambda',
  queryStringParameters: { query: '1234%20ABCD' },
  headers: {
    accept: 'text/html',
    host: 'lambda-alb-123578498.us-east-2.elb.amazonaws.com',
    'user-agent': 'Mozilla/5.0',
    'x-amzn-trace-id': 'Root=1-5c536348-3d683b8b04734faae651f476',
    'x-forwarded-for': '203.0.113.99, 72.12.164.125',
    'x-forwarded-port': '80',
    'x-forwarded-proto': 'http',
  },
  body: '',
  isBase64Encoded: false,
}

/** The same target group with multi-value headers enabled. */
export const loadBalancerMulti = {
  requestContext: loadBalancer.requestContext,
  httpMethod: 'GET',
  path: '/lambda',
  multiValueQueryStringParameters: { query: ['1234%20ABCD', '2'] },
  multiValueHeaders: Object.fromEntries(
    Object.entries(loadBalancer.headers).map(([name, value]) => [name, [value]]),
  ),
  body: '',
  isBase64Encoded: false,
}

/** "Using Lambda with Amazon SQS": example standard queue message event. */
export const queue = {
  Records: [
    {
      messageId: '059f36b4-87a3-44ab-83d2-661975830a7d',
      receiptHandle: 'AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...',
      body: 'Test message.',
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: '1545082649183',
        SenderId: 'AIDAIENQZJOLO23YVJ4VO',
        ApproximateFirstReceiveTimestamp: '1545082649185',
      },
      messageAttributes: {},
      md5OfBody: 'e4e68fb7bd0e697a0ae8f1bb342846b3',
      eventSource: 'aws:sqs',
      eventSourceARN: 'arn:aws:sqs:us-east-2:123456789012:my-queue',
      awsRegion: 'us-east-2',
    },
  ],
}
