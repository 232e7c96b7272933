/** The names of the cases, in the order of the table; every contestant reports those that it has. */
export const names = {
  span: 'span with four tags, encoded',
  unsampled: 'the same, unsampled',
  active: 'span active for a callback, encoded',
  inject: 'inject into headers (W3C)',
  extract: 'extract from headers (W3C)',
  disabled: 'call of a traced function, tracing disabled',
  call: 'call of a plain function',
  run: 'AsyncLocalStorage.run',
  store: 'AsyncLocalStorage.getStore',
  now: 'performance.now',
}

/** What a span of an HTTP server carries: two texts of a small set, one that differs, one number. */
export const path = (i) => `/orders/${i & 1023}`

export const incoming = {
  host: '127.0.0.1:8080',
  accept: '*/*',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
}

/** The function that is traced: small, but not so small that it disappears. */
export function add(a, b) {
  return a + b
}
