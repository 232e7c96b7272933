/// <reference lib="dom" />
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { chromiumSkipped, PHONE } from './browser.ts'
import { overflow } from './inspect.ts'
import { checkout } from './shop.ts'
import type { PlainSpan } from './spans.ts'
import { TracePageDriver } from './trace-page-driver.ts'

const START = 1_795_176_000_000_000_000n

describe('a span on the page of its trace', {
  skip: chromiumSkipped && 'SPOOR_SKIP_SERVICES names chromium',
}, () => {
  const trace = new TracePageDriver()

  before(() => trace.launch())
  after(() => trace.quit())
  afterEach(async () => {
    assert.deepEqual(await trace.close(), [])
  })

  it('shows everything of the selected span, and its address names it', async () => {
    const spans = checkout(START, 1, true)
    await trace.open(spans)
    await trace.row('authorise payment').click()
    await trace.page.waitForSelector('.detail .attributes')
    assert.equal(new URL(trace.page.url()).searchParams.get('span'), named(spans, 'authorise payment').spanId)
    const detail = (await trace.page.locator('.detail').innerText()).replaceAll(/\s+/g, ' ')
    for (const part of [
      'orders authorise payment',
      'Duration 61.7 ms',
      'Self time 2.7 ms 4 %',
      'Starts +79 ms',
      'Kind internal',
      'Parent POST /orders',
      'card declined by issuer',
      'payment.amount 84.9',
      'payment.express false',
      '+30.2 ms attempt',
      'exception.type PaymentError',
    ]) {
      assert.ok(detail.includes(part), `"${part}" in "${detail}"`)
    }
    const frames = await trace.page
      .locator('.stack-line')
      .evaluateAll((lines) => lines.map((line) => line.className))
    assert.deepEqual(frames, [
      'stack-line',
      'stack-line foreign',
      'stack-line',
      'stack-line foreign',
      'stack-line foreign',
    ])
    assert.equal(await trace.row('authorise payment').locator('.event-tick').count(), 3)
    await trace.page.locator('.summary button', { hasText: 'POST /orders' }).click()
    await trace.page.locator('.detail h2', { hasText: 'POST /orders' }).waitFor()
  })

  it('opens at the span that its address names; back and forward follow', async () => {
    const spans = checkout(START, 1, false)
    await trace.open(spans, `?span=${named(spans, 'smtp.send').spanId}`)
    await trace.page.locator('.detail h2', { hasText: 'smtp.send' }).waitFor()
    assert.equal(await trace.cursor(), 'smtp.send')
    await trace.press('Escape')
    assert.equal(await trace.page.locator('.detail').count(), 0)
    assert.equal(new URL(trace.page.url()).search, '')
    await trace.page.goBack()
    await trace.page.locator('.detail h2', { hasText: 'smtp.send' }).waitFor()
    await trace.page.goForward()
    await trace.page.waitForFunction(() => !document.querySelector('.detail'))
    await trace.press('Enter', 'k')
    await trace.page.locator('.detail h2', { hasText: 'render template' }).waitFor()
    assert.equal(new URL(trace.page.url()).searchParams.get('span'), named(spans, 'render template').spanId)
  })

  it('treats whatever a span says as text', async () => {
    const hostile = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>'
    const [root] = checkout(START, 1, false)
    const evil: PlainSpan = {
      ...root!,
      name: hostile,
      service: hostile,
      status: { code: 2, message: hostile },
      attributes: {
        [hostile]: hostile,
        'url.full': 'javascript:alert(1)',
        nested: { a: [hostile, null, { b: true }] },
        long: 'x'.repeat(100_000),
        lines: Array.from({ length: 400 }, (_, line) => `line ${line}`).join('\n'),
        control: '\u0000\u001b[31m\u202egnp.exe',
        empty: '',
        __proto__: 'polluted',
      },
      events: [
        {
          name: hostile,
          offset: -5,
          attributes: { 'exception.stacktrace': `${hostile}\n    at ${hostile} (x:1:1)` },
        },
      ],
      links: [{ traceId: '"><svg onload=1>', spanId: '../../..', attributes: {} }],
    }
    await trace.open([evil], `?span=${evil.spanId}`)
    await trace.page.waitForSelector('.detail .attributes')
    assert.equal(await trace.page.locator('.detail img, .detail script, .detail svg:not(.icon)').count(), 0)
    assert.notEqual(await trace.page.title(), 'owned')
    assert.equal(await trace.page.locator('.detail h2').textContent(), hostile)
    assert.equal(await trace.page.locator('.detail a[href^="javascript:"]').count(), 0)
    assert.equal(
      await trace.page.locator('.links a').getAttribute('href'),
      '/traces/%22%3E%3Csvg%20onload%3D1%3E?span=..%2F..%2F..',
    )
    const long = trace.page.locator('.attributes tr', { hasText: 'long' }).locator('.text')
    assert.ok((await long.textContent())!.length < 600)
    await long.locator('button').click()
    assert.ok((await long.textContent())!.length > 100_000)
    assert.ok((await overflow(trace.page)) <= 0)
    await trace.page.goto(trace.server.url)
    await trace.page.waitForSelector('a.trace')
    assert.equal(await trace.page.locator('.trace-name').textContent(), hostile)
  })

  it('grows while spans arrive, and heals what was incomplete, with cursor and shut branches kept', async () => {
    const spans = checkout(START, 1, true)
    const late = new Set([named(spans, 'POST /checkout'), named(spans, 'GET /basket/:user')])
    await trace.open(spans.filter((span) => !late.has(span)))
    assert.equal(await trace.page.locator('.trace-heading .badge').textContent(), 'incomplete')
    assert.ok((await trace.page.locator('.span-row .badge', { hasText: 'missing parent' }).count()) >= 3)
    await trace.row('POST /orders').locator('.twist').click()
    const before = await trace.cursor()
    trace.server.add([...late])
    await trace.page.waitForFunction(() => !document.querySelector('.trace-heading .badge'))
    assert.equal(await trace.cursor(), before)
    assert.equal(await trace.row('POST /orders').getAttribute('aria-expanded'), 'false')
    assert.equal(await trace.page.locator('.span-row[aria-level="1"]').count(), 1)
  })

  it('waits for a trace that is not here yet', async () => {
    await trace.begin()
    const spans = checkout(START, 7, false)
    await trace.page.goto(`${trace.server.url}/traces/${spans[0]!.traceId}`)
    await trace.page.locator('.notice', { hasText: 'This trace is not here' }).waitFor()
    await trace.page.locator('.connection.open').waitFor()
    trace.server.add(spans)
    await trace.page.waitForSelector('.span-row')
    assert.ok(trace.troubles.splice(0).every((trouble) => trouble.includes('404')))
  })

  it('marks a span whose clock says it started before its parent, and leaves its bar where it was sent', async () => {
    const spans = checkout(START, 1, false).map((span) =>
      span.name === 'POST /orders' ? { ...span, start: span.start - 9_000_000n } : span,
    )
    await trace.open(spans, `?span=${named(spans, 'POST /orders').spanId}`)
    assert.match(
      (await trace.row('POST /orders').locator('.row-mark').getAttribute('title'))!,
      /Starts 7\.7 ms before its parent/,
    )
    const parent = trace.page.locator('.span-row', { hasText: /^POST/ }).first()
    const [own, above] = [
      await trace.row('POST /orders').locator('.bar').boundingBox(),
      await parent.locator('.bar').boundingBox(),
    ]
    assert.ok(own!.x > 0 && above!.x > 0)
    assert.match(
      (await trace.page.locator('.detail').textContent())!,
      /before its parent: their clocks differ/,
    )
  })

  it('gives a phone rows of two lines and the span in a sheet, without scrolling sideways', async () => {
    const spans = checkout(START, 1, true)
    await trace.open(spans, '', PHONE)
    assert.ok((await overflow(trace.page)) <= 0)
    await trace.row('authorise payment').tap()
    await trace.page.waitForSelector('.detail .attributes')
    assert.ok((await overflow(trace.page)) <= 0)
    const sheet = (await trace.page.locator('.detail').boundingBox())!
    assert.ok(sheet.y > 250 && Math.round(sheet.width) === 390)
    const selected = (await trace.page.locator('.span-row.selected').boundingBox())!
    assert.ok(
      selected.y > 0 && selected.y + selected.height <= sheet.y + 1,
      'the row stays in sight above the sheet',
    )
    await trace.page.locator('.detail button[aria-label="Close"]').tap()
    assert.equal(await trace.page.locator('.detail').count(), 0)
  })
})

function named(spans: readonly PlainSpan[], name: string): PlainSpan {
  return spans.find((span) => span.name === name)!
}
