/** What the contract kits throw at codecs: carriers and texts that nobody means well with. */

/** Carriers in which there is nothing to find, some of which throw when they are touched. */
export function hostileCarriers(): unknown[] {
  const refuse = (): never => {
    throw new Error('This carrier throws.')
  }
  const traps: ProxyHandler<object> = {
    get: refuse,
    set: refuse,
    has: refuse,
    ownKeys: refuse,
    getPrototypeOf: refuse,
  }
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return [
    null,
    undefined,
    0,
    Number.NaN,
    1n,
    true,
    Symbol('carrier'),
    'traceparent',
    '',
    () => 'traceparent',
    [],
    [null, undefined, 1, 'traceparent', [], [Symbol('key'), 'value'], ['traceparent']],
    {},
    Object.create(null),
    Object.freeze({}),
    Object.freeze([]),
    new Proxy({}, traps),
    new Proxy([], traps),
    proxy,
    new Map<unknown, unknown>([
      [1, 2],
      [Symbol('key'), Symbol('value')],
    ]),
    new Headers(),
    { get: refuse, set: refuse, entries: refuse },
    { get: () => 42, set: () => undefined },
    Object.fromEntries(commonKeys.map((key) => [key, Symbol('value')])),
    Object.fromEntries(commonKeys.map((key) => [key, 1234567890])),
    Object.fromEntries(commonKeys.map((key) => [key, { toString: refuse }])),
    Object.fromEntries(commonKeys.map((key) => [key, [null, Symbol('value'), 1]])),
    Object.defineProperties(
      {},
      Object.fromEntries(commonKeys.map((key) => [key, { get: refuse, enumerable: true }])),
    ),
    { __proto__: { polluted: 'yes' } },
  ]
}

const commonKeys = [
  'traceparent',
  'tracestate',
  'baggage',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'uber-trace-id',
  'uberctx-key',
  'x-datadog-trace-id',
  'x-datadog-parent-id',
  'x-amzn-trace-id',
  'ot-tracer-traceid',
  'ot-tracer-spanid',
  'ot-baggage-key',
]

/** Texts for headers, ids and baggage. The same ones in every run. */
export function hostileTexts(): string[] {
  const random = generator(20_261_120)
  const fuzz: string[] = []
  for (let i = 0; i < 200; i++) {
    const alphabet = i % 2 === 0 ? '0123456789abcdefABCDEF-:;=,.%@ \t' : allCharacters
    fuzz.push(Array.from({ length: Math.floor(random() * 80) }, () => pick(alphabet, random)).join(''))
  }
  return [...fixed, ...fuzz]
}

/** Every way to leave out, double or replace one character of a text, and to cut it off. */
export function* mutations(text: string): Iterable<string> {
  for (let i = 0; i <= text.length; i++) {
    const head = text.slice(0, i)
    const tail = text.slice(i + 1)
    yield head
    yield head + tail
    yield head + text.slice(i, i + 1) + text.slice(i)
    for (const character of replacements) yield head + character + tail
  }
}

const replacements = [
  '0',
  'g',
  'F',
  '-',
  ':',
  ';',
  ',',
  '=',
  '%',
  ' ',
  '\t',
  '\r\n',
  '\0',
  'é',
  '\ud800',
  '😀',
]

const megabyte = 1_000_000

const fixed = [
  '',
  ' ',
  '\r\n',
  'value\r\nset-cookie: hostile=1',
  '\0',
  '__proto__',
  'constructor',
  'toString',
  '__proto__=polluted,constructor=polluted',
  '%',
  '%%%',
  '%zz',
  '%E0%A4%A',
  '%ff%fe',
  '%0d%0aset-cookie:%20hostile=1',
  '%00',
  ',',
  ',,,,,,,,',
  '=',
  '===',
  ';',
  '-',
  '---',
  ':::',
  '0',
  '1',
  'd',
  '-1',
  'NaN',
  'Infinity',
  '1e21',
  '0x10',
  '18446744073709551615',
  '18446744073709551616',
  '99999999999999999999999999',
  'Ünïcödé',
  '日本語',
  '😀',
  '\ud800',
  '\udc00\ud800',
  '\ufeff',
  '\u2028',
  'İ'.repeat(32),
  '0'.repeat(16),
  '0'.repeat(32),
  'f'.repeat(16),
  'f'.repeat(32),
  'F'.repeat(32),
  `00-${'0'.repeat(32)}-${'0'.repeat(16)}-00`,
  `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01${' '.repeat(9000)}`,
  `cc-${'a'.repeat(32)}-${'b'.repeat(16)}-01-${'c'.repeat(megabyte)}`,
  'a'.repeat(8193),
  'a'.repeat(megabyte),
  ','.repeat(megabyte),
  '%'.repeat(megabyte),
  'a=b,'.repeat(megabyte / 4),
  Array.from({ length: 5000 }, (_, i) => `key${i}=value`).join(','),
  'é'.repeat(megabyte / 2),
]

const allCharacters = [
  ...Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)),
  '\u2028',
  '\ud83d',
  '😀',
  'ß',
  '\uffff',
]

/** A linear congruential generator: repeatable, and random enough to make noise. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function pick(alphabet: string | readonly string[], random: () => number): string {
  return alphabet[Math.floor(random() * alphabet.length)] as string
}
