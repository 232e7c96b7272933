/// <reference lib="dom" />
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { chromiumSkipped, launch, openPage, PHONE } from './browser.ts'
import { brokenIds, nameless, overflow, poorContrast } from './inspect.ts'
import { PageServer } from './page-server.ts'
import { checkout, large } from './shop.ts'
import type { PlainSpan } from './spans.ts'

const START = 1_795_176_000_000_000_000n
const FIRST_ROWS_MILLISECONDS = 1500

describe('the page of a trace', { skip: chromiumSkipped && 'SPOOR_SKIP_SERVICES names chromium' }, () => {
  let browser: Browser
  let server: PageServer
  let page: Page
  let troubles: string[]

  before(async () => {
    browser = await launch()
  })
  after(() => browser?.close())
  afterEach(async () => {
    await page.context().close()
    await server.close()
    assert.deepEqual(troubles, [])
  })

  async function open(
    spans: readonly PlainSpan[],
    query: string = '',
    options?: Parameters<typeof openPage>[1],
  ) {
    server = await PageServer.start()
    server.add(spans)
    ;({ page, troubles } = await openPage(browser, options))
    await page.goto(`${server.url}/traces/${spans[0]!.traceId}${query}`)
    await page.waitForSelector('.span-row')
  }

  const row = (name: string) =>
    page.locator('.span-row', { has: page.getByText(name, { exact: true }) }).first()
  const cursor = () => page.locator('.span-row.cursor .span-name').textContent()
  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key)
  }
  const named = (spans: readonly PlainSpan[], name: string) => spans.find((span) => span.name === name)!

  it('draws a row per span, nested as the parents say, coloured by service, failures in red', async () => {
    const spans = checkout(START, 1, true)
    await open(spans)
    const rows = await page.locator('.span-row').evaluateAll((elements) =>
      elements
        .map((element) => ({
          name: element.querySelector('.span-name')!.textContent!,
          level: Number(element.getAttribute('aria-level')),
          index: Number(element.getAttribute('aria-rowindex')),
          failed: element.classList.contains('failed'),
          bar: getComputedStyle(element.querySelector('.bar')!).backgroundColor,
          strip: getComputedStyle(element.querySelector('.strip')!).backgroundColor,
        }))
        .sort((a, b) => a.index - b.index),
    )
    const start = rows.slice(0, 6).map(({ name, level }) => `${level} ${name}`)
    assert.deepEqual(start, [
      '1 POST /checkout',
      '2 session.load',
      '2 GET',
      '3 GET /basket/:user',
      '4 GET',
      '4 SELECT basket_items',
    ])
    assert.equal(await page.locator('.waterfall').getAttribute('aria-rowcount'), String(spans.length + 1))
    const red = 'rgb(229, 72, 77)'
    for (const { failed, bar, strip } of rows) {
      assert.equal(bar, failed ? red : strip)
      assert.notEqual(strip, red)
    }
    assert.ok(rows.filter(({ failed }) => failed).length >= 5)
    const strips = new Map(rows.map(({ name, strip }) => [name, strip]))
    assert.equal(strips.get('SELECT products'), strips.get('GET /basket/:user'))
    assert.equal(
      new Set(['POST /checkout', 'SELECT products', 'POST /orders'].map((name) => strips.get(name))).size,
      3,
    )
  })

  it('places bars by start and duration, against a ruler', async () => {
    await open(checkout(START, 1, false))
    const box = async (name: string) => (await row(name).locator('.bar').boundingBox())!
    const [root, session, order] = [
      await box('POST /checkout'),
      await box('session.load'),
      await box('POST /orders'),
    ]
    const scale = root.width / 186.4
    assert.ok(Math.abs(order.x - root.x - 69.6 * scale) < 2)
    assert.ok(Math.abs(order.width - 112.1 * scale) < 2)
    assert.ok(Math.abs(session.x - root.x - 0.6 * scale) < 2)
    assert.deepEqual(await page.locator('.tick').allTextContents(), [
      '0 ms',
      '50 ms',
      '100 ms',
      '150 ms',
      '200 ms',
    ])
    assert.equal(await row('POST /orders').locator('.duration-label').textContent(), '112 ms')
  })

  it('is moved through with the keys alone', async () => {
    await open(checkout(START, 1, true))
    assert.equal(await page.evaluate(() => document.activeElement!.getAttribute('role')), 'treegrid')
    await press('j', 'ArrowDown')
    assert.equal(await cursor(), 'GET')
    await press('k')
    assert.equal(await cursor(), 'session.load')
    await press('End')
    assert.equal(await cursor(), 'render checkout.html')
    await press('Home')
    assert.equal(await cursor(), 'POST /checkout')
    const active = await page.locator('.waterfall').getAttribute('aria-activedescendant')
    assert.equal(await page.locator(`[id="${active}"] .span-name`).textContent(), 'POST /checkout')
  })

  it('shuts and opens branches, and says what a shut one hides', async () => {
    const spans = checkout(START, 1, true)
    await open(spans)
    await press('j', 'j', 'h')
    const get = page.locator('.span-row.cursor')
    assert.equal(await get.getAttribute('aria-expanded'), 'false')
    assert.equal(await get.locator('.hidden-rows').textContent(), '9')
    assert.equal(await page.locator('.waterfall').getAttribute('aria-rowcount'), String(spans.length + 1 - 9))
    await press('l')
    assert.equal(await get.getAttribute('aria-expanded'), 'true')
    await press('l')
    assert.equal(await cursor(), 'GET /basket/:user')
    await press('ArrowLeft', 'ArrowLeft')
    assert.equal(await cursor(), 'GET')
    await press('-')
    assert.equal(await page.locator('.span-row').count(), 5)
    assert.equal(await page.locator('.hidden-rows.failed').count(), 1)
    await press('+')
    assert.equal(await page.locator('.waterfall').getAttribute('aria-rowcount'), String(spans.length + 1))
    await row('POST /orders').locator('.twist').click()
    assert.equal(await row('POST /orders').getAttribute('aria-expanded'), 'false')
    assert.equal(await page.locator('.detail').count(), 0, 'the twist does not open the span')
  })

  it('goes from error to error, into shut branches too', async () => {
    await open(checkout(START, 1, true))
    await press('j', '-', 'e')
    const seen = [await cursor()]
    for (let i = 0; i < 5; i++) {
      await press('e')
      seen.push(await cursor())
    }
    assert.deepEqual(seen, ['POST', 'POST /orders', 'authorise payment', 'POST', 'POST', 'POST /checkout'])
    await press('E')
    assert.equal(await page.locator('.span-row.cursor').getAttribute('aria-level'), '5')
  })

  it('finds spans by name and service, marks them, and steps through the matches', async () => {
    await open(checkout(START, 1, false))
    await press('/')
    await page.keyboard.type('select PROD')
    assert.equal(await page.locator('.matches output').textContent(), '– of 5')
    assert.equal(await page.locator('.span-row.match').count(), 5)
    assert.deepEqual(await page.locator('.span-row mark').first().textContent(), 'SELECT prod')
    await press('Enter', 'Enter')
    assert.equal(await page.locator('.matches output').textContent(), '2 of 5')
    await page.locator('.waterfall').focus()
    await press('n')
    assert.equal(await page.locator('.matches output').textContent(), '3 of 5')
    await press('N', 'N')
    assert.equal(await page.locator('.matches output').textContent(), '1 of 5')
    await press('Escape')
    assert.equal(await page.locator('.span-row mark').count(), 0)
  })

  it('shows everything of the selected span, and its address names it', async () => {
    const spans = checkout(START, 1, true)
    await open(spans)
    await row('authorise payment').click()
    await page.waitForSelector('.detail .attributes')
    assert.equal(new URL(page.url()).searchParams.get('span'), named(spans, 'authorise payment').spanId)
    // biome-ignore lint/performance/useDomNodeTextContent: as it is read, with the gaps between the parts
    const detail = (await page.locator('.detail').innerText()).replaceAll(/\s+/g, ' ')
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
    const frames = await page
      .locator('.stack-line')
      .evaluateAll((lines) => lines.map((line) => line.className))
    assert.deepEqual(frames, [
      'stack-line',
      'stack-line foreign',
      'stack-line',
      'stack-line foreign',
      'stack-line foreign',
    ])
    assert.equal(await row('authorise payment').locator('.event-tick').count(), 3)
    await page.locator('.summary button', { hasText: 'POST /orders' }).click()
    await page.locator('.detail h2', { hasText: 'POST /orders' }).waitFor()
  })

  it('opens at the span that its address names; back and forward follow', async () => {
    const spans = checkout(START, 1, false)
    await open(spans, `?span=${named(spans, 'smtp.send').spanId}`)
    await page.locator('.detail h2', { hasText: 'smtp.send' }).waitFor()
    assert.equal(await cursor(), 'smtp.send')
    await press('Escape')
    assert.equal(await page.locator('.detail').count(), 0)
    assert.equal(new URL(page.url()).search, '')
    await page.goBack()
    await page.locator('.detail h2', { hasText: 'smtp.send' }).waitFor()
    await page.goForward()
    await page.waitForFunction(() => !document.querySelector('.detail'))
    await press('Enter', 'k')
    await page.locator('.detail h2', { hasText: 'render template' }).waitFor()
    assert.equal(new URL(page.url()).searchParams.get('span'), named(spans, 'render template').spanId)
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
    await open([evil], `?span=${evil.spanId}`)
    await page.waitForSelector('.detail .attributes')
    assert.equal(await page.locator('.detail img, .detail script, .detail svg:not(.icon)').count(), 0)
    assert.notEqual(await page.title(), 'owned')
    assert.equal(await page.locator('.detail h2').textContent(), hostile)
    assert.equal(await page.locator('.detail a[href^="javascript:"]').count(), 0)
    assert.equal(
      await page.locator('.links a').getAttribute('href'),
      '/traces/%22%3E%3Csvg%20onload%3D1%3E?span=..%2F..%2F..',
    )
    const long = page.locator('.attributes tr', { hasText: 'long' }).locator('.text')
    assert.ok((await long.textContent())!.length < 600)
    await long.locator('button').click()
    assert.ok((await long.textContent())!.length > 100_000)
    assert.ok((await overflow(page)) <= 0)
    await page.goto(server.url)
    await page.waitForSelector('a.trace')
    assert.equal(await page.locator('.trace-name').textContent(), hostile)
  })

  it('grows while spans arrive, and heals what was incomplete, with cursor and shut branches kept', async () => {
    const spans = checkout(START, 1, true)
    const late = new Set([named(spans, 'POST /checkout'), named(spans, 'GET /basket/:user')])
    await open(spans.filter((span) => !late.has(span)))
    assert.equal(await page.locator('.trace-heading .badge').textContent(), 'incomplete')
    assert.ok((await page.locator('.span-row .badge', { hasText: 'missing parent' }).count()) >= 3)
    await row('POST /orders').locator('.twist').click()
    const before = await cursor()
    server.add([...late])
    await page.waitForFunction(() => !document.querySelector('.trace-heading .badge'))
    assert.equal(await cursor(), before)
    assert.equal(await row('POST /orders').getAttribute('aria-expanded'), 'false')
    assert.equal(await page.locator('.span-row[aria-level="1"]').count(), 1)
  })

  it('waits for a trace that is not here yet', async () => {
    server = await PageServer.start()
    ;({ page, troubles } = await openPage(browser))
    const spans = checkout(START, 7, false)
    await page.goto(`${server.url}/traces/${spans[0]!.traceId}`)
    await page.locator('.notice', { hasText: 'This trace is not here' }).waitFor()
    await page.locator('.connection.open').waitFor()
    server.add(spans)
    await page.waitForSelector('.span-row')
    assert.ok(troubles.splice(0).every((trouble) => trouble.includes('404')))
  })

  it('marks a span whose clock says it started before its parent, and leaves its bar where it was sent', async () => {
    const spans = checkout(START, 1, false).map((span) =>
      span.name === 'POST /orders' ? { ...span, start: span.start - 9_000_000n } : span,
    )
    await open(spans, `?span=${named(spans, 'POST /orders').spanId}`)
    assert.match(
      (await row('POST /orders').locator('.row-mark').getAttribute('title'))!,
      /Starts 7\.7 ms before its parent/,
    )
    const parent = page.locator('.span-row', { hasText: /^POST/ }).first()
    const [own, above] = [
      await row('POST /orders').locator('.bar').boundingBox(),
      await parent.locator('.bar').boundingBox(),
    ]
    assert.ok(own!.x > 0 && above!.x > 0)
    assert.match((await page.locator('.detail').textContent())!, /before its parent: their clocks differ/)
  })

  it('zooms to what is dragged over on the overview, and back', async () => {
    await open(checkout(START, 1, false))
    const box = (await page.locator('.minimap-box').boundingBox())!
    await page.mouse.move(box.x + box.width * 0.25, box.y + 20)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.5, box.y + 20, { steps: 4 })
    await page.mouse.up()
    const labels = await page.locator('.tick').allTextContents()
    assert.ok(
      labels.length >= 3 &&
        labels.every((label) => Number.parseFloat(label) >= 52 && Number.parseFloat(label) <= 106),
    )
    assert.ok(await page.locator('.reset-zoom').isVisible())
    await press('0')
    assert.equal((await page.locator('.tick').allTextContents())[0], '0 ms')
    await press('j', 'j', 'z')
    const bar = (await page.locator('.span-row.cursor .bar').boundingBox())!
    const column = (await page.locator('.head-time').boundingBox())!
    assert.ok(bar.width > column.width * 0.85)
    await page.locator('.minimap-box').dblclick()
    assert.equal(await page.locator('.reset-zoom').count(), 0)
  })

  it('tells the time under the pointer', async () => {
    await open(checkout(START, 1, false))
    const column = (await page.locator('.head-time').boundingBox())!
    await page.mouse.move(column.x + column.width / 2, column.y + 200)
    const line = page.locator('.time-cursor')
    assert.ok(Math.abs((await line.boundingBox())!.x - column.x - column.width / 2) < 2)
    assert.equal(await line.textContent(), '105 ms')
    await page.mouse.move(20, 20)
    assert.ok(!(await line.isVisible()))
  })

  it('lets the services of the legend stand out, and the tree be widened', async () => {
    await open(checkout(START, 1, false))
    await page.locator('.legend button', { hasText: 'mailer' }).click()
    const faded = await page
      .locator('.span-row:not(.lit)')
      .first()
      .evaluate((element) => getComputedStyle(element).opacity)
    assert.equal(faded, '0.35')
    assert.equal(await page.locator('.span-row.lit').count(), 3)
    const width = () => page.locator('.head-tree').evaluate((element) => element.clientWidth)
    const before = await width()
    await page.locator('.column-handle').focus()
    await press('ArrowRight')
    assert.equal(await width(), before + 24)
    await page.reload()
    await page.waitForSelector('.span-row')
    assert.equal(await width(), before + 24)
  })

  it(`shows the first rows of 50,000 spans within ${FIRST_ROWS_MILLISECONDS} ms and never draws more than it must`, async (t) => {
    const spans = large(START, 4, 50_000)
    await open(spans.slice(0, 1))
    server.add(spans.slice(1))
    await page.goto('about:blank')
    const started = performance.now()
    await page.goto(`${server.url}/traces/${spans[0]!.traceId}`, { waitUntil: 'commit' })
    await page.waitForSelector('.span-row')
    const took = performance.now() - started
    t.diagnostic(`first rows after ${Math.round(took)} ms`)
    assert.ok(took < FIRST_ROWS_MILLISECONDS, `took ${took} ms`)
    assert.equal(await page.locator('.waterfall').getAttribute('aria-rowcount'), '50001')
    assert.ok((await page.locator('.span-row').count()) < 60)
    const slowest = await page.locator('.waterfall').evaluate(async (box) => {
      let slowest = 0
      for (let step = 1; step <= 60; step++) {
        const before = performance.now()
        box.scrollTop = step * 9001
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))
        slowest = Math.max(slowest, performance.now() - before)
      }
      return slowest
    })
    t.diagnostic(`slowest frame of scrolling ${Math.round(slowest)} ms`)
    assert.ok(slowest < 250, `a frame of scrolling took ${slowest} ms`)
    await press('End')
    await page.waitForSelector('.span-row[aria-rowindex="50001"].cursor')
    await press('e')
    await page.waitForSelector('.span-row.cursor.failed')
  })

  it('gives a phone rows of two lines and the span in a sheet, without scrolling sideways', async () => {
    const spans = checkout(START, 1, true)
    await open(spans, '', PHONE)
    assert.ok((await overflow(page)) <= 0)
    await row('authorise payment').tap()
    await page.waitForSelector('.detail .attributes')
    assert.ok((await overflow(page)) <= 0)
    const sheet = (await page.locator('.detail').boundingBox())!
    assert.ok(sheet.y > 250 && Math.round(sheet.width) === 390)
    const selected = (await page.locator('.span-row.selected').boundingBox())!
    assert.ok(
      selected.y > 0 && selected.y + selected.height <= sheet.y + 1,
      'the row stays in sight above the sheet',
    )
    await page.locator('.detail button[aria-label="Close"]').tap()
    assert.equal(await page.locator('.detail').count(), 0)
  })

  it('answers ? with the keys and closes them again', async () => {
    await open(checkout(START, 1, false))
    await press('?')
    assert.ok(await page.locator('dialog.help').isVisible())
    await press('j')
    assert.equal(await cursor(), 'POST /checkout', 'keys rest while the help is open')
    await press('Escape')
    assert.equal(await page.locator('dialog.help[open]').count(), 0)
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`can be read and named in the ${colorScheme} scheme`, async () => {
      const spans = checkout(START, 1, true)
      await open(spans, `?span=${named(spans, 'authorise payment').spanId}`, {
        viewport: { width: 1280, height: 900 },
        colorScheme,
      })
      await page.waitForSelector('.stack')
      assert.deepEqual(await poorContrast(page), [])
      assert.deepEqual(await nameless(page), [])
      assert.deepEqual(await brokenIds(page), [])
      await page.locator('.find input').fill('post')
      assert.deepEqual(await poorContrast(page), [])
    })
  }
})
