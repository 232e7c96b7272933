import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { ConsoleSink, formatDuration, renderWaterfall, type WaterfallSpan, wantsColor } from 'spoor/export'
import { columns, padTo, visible } from '../../dist/esm/export/terminal.js'
import { finishedSpan } from '../../dist/esm/testing/finished-span.js'
import type { FinishedSpan } from '../../dist/esm/tracer/finished-span.js'

function span(
  spanId: string,
  parentSpanId: string,
  from: number,
  to: number,
  more: Partial<WaterfallSpan> = {},
): WaterfallSpan {
  return { spanId, parentSpanId, name: spanId, startTime: from, endTime: to, ...more }
}

describe('renderWaterfall', () => {
  it('draws the tree, the durations, the bars to scale, the services and the errors', () => {
    const text = renderWaterfall(
      [
        span('POST /charge', 'POST /orders', 40, 80, {
          service: 'pay',
          error: true,
          message: 'card declined',
        }),
        span('GET /checkout', '', 0, 100, { service: 'web' }),
        span('POST /orders', 'GET /checkout', 20, 90, { service: 'orders' }),
        span('INSERT', 'POST /orders', 25, 35, { service: 'orders' }),
      ],
      { width: 80 },
    )
    assert.equal(
      text,
      [
        'GET /checkout · 3 services · 4 spans · 1 error · 100 ms',
        'web    GET /checkout      100 ms ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━',
        'orders └ POST /orders      70 ms          ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━',
        'orders   ├ INSERT          10 ms            ━━━━━',
        'pay      └ ✗ POST /charge  40 ms                   ━━━━━━━━━━━━━━━━━━━',
        '    card declined',
        '',
      ].join('\n'),
    )
  })

  it('never goes beyond the width', () => {
    const spans = Array.from({ length: 30 }, (_, index) =>
      span(`${index}`, index === 0 ? '' : `${index - 1}`, index, 60 - index, {
        name: `名前 ${'long name '.repeat(index)}`,
      }),
    )
    for (const width of [40, 77, 100, 200]) {
      for (const line of renderWaterfall(spans, { width }).split('\n')) {
        assert.ok(columns(line) <= width, `${columns(line)} columns of ${width}: ${line}`)
      }
    }
  })

  it('paints when asked to, and the painted text is the same text', () => {
    const spans = [span('a', '', 0, 2), span('b', 'a', 1, 2, { error: true, message: 'no' })]
    const painted = renderWaterfall(spans, { color: true })
    assert.ok(painted.includes('\u001b[31m'))
    assert.equal(stripVTControlCharacters(painted), renderWaterfall(spans))
    assert.ok(!renderWaterfall(spans).includes('\u001b'))
  })

  it('makes control characters of hostile names visible', () => {
    const name = '\u001b]0;owned\u0007\u001b[2J\r\nforged\u202e\u0085\ud800'
    const text = renderWaterfall([span('a', '', 0, 1, { name, service: name, error: true, message: name })], {
      width: 300,
    })
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that must not be there
    assert.doesNotMatch(text.replaceAll('\n', ''), /[\u0000-\u001f\u007f-\u009f\u202e]/)
    assert.match(text, /\\u001b\]0;owned\\u0007/)
    assert.ok(text.split('\n').length <= 4)
  })

  it('draws every span once, though parents are missing, circular, repeated or themselves', () => {
    const spans = [
      span('orphan', 'gone', 0, 1),
      span('self', 'self', 0, 1),
      span('ping', 'pong', 0, 1),
      span('pong', 'ping', 0, 1),
      span('twin', '', 0, 1),
      span('twin', '', 0, 1),
      span('child', 'twin', 0, 1),
    ]
    const lines = renderWaterfall(spans).trimEnd().split('\n').slice(1)
    assert.equal(lines.length, spans.length)
    assert.equal(lines.filter((line) => line.includes('child')).length, 1)
  })

  it('draws a chain of 20,000 spans, and counts what it leaves out', () => {
    const chain = Array.from({ length: 20_000 }, (_, index) =>
      span(`${index}`, index === 0 ? '' : `${index - 1}`, 0, 1),
    )
    const lines = renderWaterfall(chain, { rows: 10 }).trimEnd().split('\n')
    assert.equal(lines.length, 12)
    assert.match(lines[11] as string, /19,990 more spans/)
  })

  it('survives times that make no sense', () => {
    for (const time of [Number.NaN, Number.POSITIVE_INFINITY, -5, 0]) {
      assert.match(renderWaterfall([span('a', '', 0, time), span('b', 'a', time, 1)]), /a/)
    }
    assert.equal(renderWaterfall([]), '')
  })

  it('writes durations with three digits and a unit', () => {
    const times = [0, Number.NaN, 0.0123, 0.5, 1.234, 12.345, 123.45, 1234.5, 65_000]
    assert.deepEqual(times.map(formatDuration), [
      ...['0 ms', '0 ms', '12.3 µs', '500 µs', '1.23 ms', '12.3 ms', '123 ms', '1.23 s', '1.08 min'],
    ])
  })
})

describe('text on a terminal', () => {
  it('is measured in columns', () => {
    assert.equal(columns('plain'), 5)
    assert.equal(columns('日本語'), 6)
    assert.equal(columns('e\u0301te\u0301'), 3)
    assert.equal(columns('👩‍👩‍👧 🚀'), 5)
    assert.equal(columns('한국'), 4)
    assert.equal(columns('│├└━✗'), 5)
    assert.equal(padTo('日本語', 5), '日本…')
    assert.equal(padTo('ab', 4), 'ab  ')
  })

  it('keeps letters of every script as they are', () => {
    for (const text of ['Grüße', 'שלום', 'नमस्ते', '日本', '👍🏽']) assert.equal(visible(text), text)
  })

  it('is coloured as FORCE_COLOR, NO_COLOR and the terminal say', () => {
    const tty = { isTTY: true }
    assert.equal(wantsColor(tty, {}), true)
    assert.equal(wantsColor({}, {}), false)
    assert.equal(wantsColor(tty, { NO_COLOR: '1' }), false)
    assert.equal(wantsColor(tty, { NO_COLOR: '' }), true)
    assert.equal(wantsColor(tty, { TERM: 'dumb' }), false)
    assert.equal(wantsColor({}, { FORCE_COLOR: '1' }), true)
    assert.equal(wantsColor(tty, { FORCE_COLOR: '0' }), false)
  })
})

describe('ConsoleSink', () => {
  let sink: ConsoleSink
  afterEach(() => sink.close())

  function sinkWith(options: Partial<ConstructorParameters<typeof ConsoleSink>[0]> = {}): () => string {
    let text = ''
    const stream = {
      write: (part: string) => {
        text += part
      },
    }
    sink = new ConsoleSink({ stream, width: 80, serviceName: 'shop', ...options })
    return () => text
  }

  const traceId = 'a'.repeat(32)
  const record = (spanId: string, parentSpanId: string, more: Partial<FinishedSpan> = {}): void =>
    sink.record(finishedSpan({ traceId, spanId, parentSpanId, name: spanId, ...more }))

  it('prints a trace when its root has finished, children first or not', () => {
    const text = sinkWith()
    record('child', 'root')
    assert.equal(text(), '')
    record('root', '')
    assert.match(text(), /^root · shop · 2 spans · 10\.5 ms {2}a{32}\nroot .*\n└ child /)
  })

  it('prints the part of a trace that happened here, when its parent is elsewhere', () => {
    const text = sinkWith()
    record('child', 'server')
    record('server', 'elsewhere', { parentIsRemote: true })
    assert.match(text(), /^server · shop · 2 spans/)
  })

  it('does not mix two local roots of one trace', () => {
    const text = sinkWith()
    record('inner child', 'inner')
    record('outer child', 'outer')
    record('inner', 'outer child', { parentIsRemote: true })
    assert.match(text(), /^inner · shop · 2 spans/)
    record('outer', '')
    assert.match(text(), /\nouter · shop · 2 spans/)
  })

  it('prints spans that finish after their root a little later', async () => {
    const text = sinkWith({ delay: 5 })
    record('root', '')
    record('late', 'root')
    for (let tries = 0; !text().includes('late') && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    assert.match(text(), /\nlate · shop · 1 span /)
  })

  it('prints what it holds when it holds too much', () => {
    const text = sinkWith({ limit: 5 })
    for (let index = 0; index < 6; index++) record(`child ${index}`, 'never finished')
    assert.match(text(), /6 spans/)
  })

  it('shows why a span failed', () => {
    const text = sinkWith()
    record('one', '', { statusCode: 2, statusMessage: 'because' })
    const events = [{ name: 'error', time: 0, attributes: ['message', 'from the log'], droppedAttributes: 0 }]
    record('two', '', { statusCode: 2, events })
    assert.match(text(), /✗ one.*because.*✗ two.*from the log/s)
  })
})
