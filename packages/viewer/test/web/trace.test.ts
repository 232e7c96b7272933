/// <reference lib="dom" />
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { chromiumSkipped } from './browser.ts'
import { brokenIds, nameless, poorContrast } from './inspect.ts'
import { checkout, large } from './shop.ts'
import type { PlainSpan } from './spans.ts'
import { TracePageDriver } from './trace-page-driver.ts'

const START = 1_795_176_000_000_000_000n

describe('the waterfall', { skip: chromiumSkipped && 'SPOOR_SKIP_SERVICES names chromium' }, () => {
  const trace = new TracePageDriver()

  before(() => trace.launch())
  after(() => trace.quit())
  afterEach(async () => {
    assert.deepEqual(await trace.close(), [])
  })

  it('draws a row per span, nested as the parents say, coloured by service, failures in red', async () => {
    const spans = checkout(START, 1, true)
    await trace.open(spans)
    const rows = await trace.page.locator('.span-row').evaluateAll((elements) =>
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
    assert.equal(
      await trace.page.locator('.waterfall').getAttribute('aria-rowcount'),
      String(spans.length + 1),
    )
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
    await trace.open(checkout(START, 1, false))
    const box = async (name: string) => (await trace.row(name).locator('.bar').boundingBox())!
    const [root, session, order] = [
      await box('POST /checkout'),
      await box('session.load'),
      await box('POST /orders'),
    ]
    const scale = root.width / 186.4
    assert.ok(Math.abs(order.x - root.x - 69.6 * scale) < 2)
    assert.ok(Math.abs(order.width - 112.1 * scale) < 2)
    assert.ok(Math.abs(session.x - root.x - 0.6 * scale) < 2)
    assert.deepEqual(await trace.page.locator('.tick').allTextContents(), [
      '0 ms',
      '50 ms',
      '100 ms',
      '150 ms',
      '200 ms',
    ])
    assert.equal(await trace.row('POST /orders').locator('.duration-label').textContent(), '112 ms')
  })

  it('is moved through with the keys alone', async () => {
    await trace.open(checkout(START, 1, true))
    assert.equal(await trace.page.evaluate(() => document.activeElement!.getAttribute('role')), 'treegrid')
    await trace.press('j', 'ArrowDown')
    assert.equal(await trace.cursor(), 'GET')
    await trace.press('k')
    assert.equal(await trace.cursor(), 'session.load')
    await trace.press('End')
    assert.equal(await trace.cursor(), 'render checkout.html')
    await trace.press('Home')
    assert.equal(await trace.cursor(), 'POST /checkout')
    const active = await trace.page.locator('.waterfall').getAttribute('aria-activedescendant')
    assert.equal(await trace.page.locator(`[id="${active}"] .span-name`).textContent(), 'POST /checkout')
  })

  it('shuts and opens branches, and says what a shut one hides', async () => {
    const spans = checkout(START, 1, true)
    await trace.open(spans)
    await trace.press('j', 'j', 'h')
    const get = trace.page.locator('.span-row.cursor')
    assert.equal(await get.getAttribute('aria-expanded'), 'false')
    assert.equal(await get.locator('.hidden-rows').textContent(), '9')
    assert.equal(
      await trace.page.locator('.waterfall').getAttribute('aria-rowcount'),
      String(spans.length + 1 - 9),
    )
    await trace.press('l')
    assert.equal(await get.getAttribute('aria-expanded'), 'true')
    await trace.press('l')
    assert.equal(await trace.cursor(), 'GET /basket/:user')
    await trace.press('ArrowLeft', 'ArrowLeft')
    assert.equal(await trace.cursor(), 'GET')
    await trace.press('-')
    assert.equal(await trace.page.locator('.span-row').count(), 5)
    assert.equal(await trace.page.locator('.hidden-rows.failed').count(), 1)
    await trace.press('+')
    assert.equal(
      await trace.page.locator('.waterfall').getAttribute('aria-rowcount'),
      String(spans.length + 1),
    )
    await trace.row('POST /orders').locator('.twist').click()
    assert.equal(await trace.row('POST /orders').getAttribute('aria-expanded'), 'false')
    assert.equal(await trace.page.locator('.detail').count(), 0, 'the twist does not open the span')
  })

  it('goes from error to error, into shut branches too', async () => {
    await trace.open(checkout(START, 1, true))
    await trace.press('j', '-', 'e')
    const seen = [await trace.cursor()]
    for (let i = 0; i < 5; i++) {
      await trace.press('e')
      seen.push(await trace.cursor())
    }
    assert.deepEqual(seen, ['POST', 'POST /orders', 'authorise payment', 'POST', 'POST', 'POST /checkout'])
    await trace.press('E')
    assert.equal(await trace.page.locator('.span-row.cursor').getAttribute('aria-level'), '5')
  })

  it('finds spans by name and service, marks them, and steps through the matches', async () => {
    await trace.open(checkout(START, 1, false))
    await trace.press('/')
    await trace.page.keyboard.type('select PROD')
    assert.equal(await trace.page.locator('.matches output').textContent(), '– of 5')
    assert.equal(await trace.page.locator('.span-row.match').count(), 5)
    assert.deepEqual(await trace.page.locator('.span-row mark').first().textContent(), 'SELECT prod')
    await trace.press('Enter', 'Enter')
    assert.equal(await trace.page.locator('.matches output').textContent(), '2 of 5')
    await trace.page.locator('.waterfall').focus()
    await trace.press('n')
    assert.equal(await trace.page.locator('.matches output').textContent(), '3 of 5')
    await trace.press('N', 'N')
    assert.equal(await trace.page.locator('.matches output').textContent(), '1 of 5')
    await trace.press('Escape')
    assert.equal(await trace.page.locator('.span-row mark').count(), 0)
  })

  it('zooms to what is dragged over on the overview, and back', async () => {
    await trace.open(checkout(START, 1, false))
    const box = (await trace.page.locator('.minimap-box').boundingBox())!
    await trace.page.mouse.move(box.x + box.width * 0.25, box.y + 20)
    await trace.page.mouse.down()
    await trace.page.mouse.move(box.x + box.width * 0.5, box.y + 20, { steps: 4 })
    await trace.page.mouse.up()
    const labels = await trace.page.locator('.tick').allTextContents()
    assert.ok(
      labels.length >= 3 &&
        labels.every((label) => Number.parseFloat(label) >= 52 && Number.parseFloat(label) <= 106),
    )
    assert.ok(await trace.page.locator('.reset-zoom').isVisible())
    await trace.press('0')
    assert.equal((await trace.page.locator('.tick').allTextContents())[0], '0 ms')
    await trace.press('j', 'j', 'z')
    const bar = (await trace.page.locator('.span-row.cursor .bar').boundingBox())!
    const column = (await trace.page.locator('.head-time').boundingBox())!
    assert.ok(bar.width > column.width * 0.85)
    await trace.page.locator('.minimap-box').dblclick()
    assert.equal(await trace.page.locator('.reset-zoom').count(), 0)
  })

  it('tells the time under the pointer', async () => {
    await trace.open(checkout(START, 1, false))
    const column = (await trace.page.locator('.head-time').boundingBox())!
    await trace.page.mouse.move(column.x + column.width / 2, column.y + 200)
    const line = trace.page.locator('.time-cursor')
    assert.ok(Math.abs((await line.boundingBox())!.x - column.x - column.width / 2) < 2)
    assert.equal(await line.textContent(), '105 ms')
    await trace.page.mouse.move(20, 20)
    assert.ok(!(await line.isVisible()))
  })

  it('lets the services of the legend stand out, and the tree be widened', async () => {
    await trace.open(checkout(START, 1, false))
    await trace.page.locator('.legend button', { hasText: 'mailer' }).click()
    const faded = await trace.page
      .locator('.span-row:not(.lit)')
      .first()
      .evaluate((element) => getComputedStyle(element).opacity)
    assert.equal(faded, '0.35')
    assert.equal(await trace.page.locator('.span-row.lit').count(), 3)
    const width = () => trace.page.locator('.head-tree').evaluate((element) => element.clientWidth)
    const before = await width()
    await trace.page.locator('.column-handle').focus()
    await trace.press('ArrowRight')
    assert.equal(await width(), before + 24)
    await trace.page.reload()
    await trace.page.waitForSelector('.span-row')
    assert.equal(await width(), before + 24)
  })

  it('shows the first rows of 50,000 spans at once and never draws more than it must', async (t) => {
    const spans = large(START, 4, 50_000)
    await trace.open(spans.slice(0, 1))
    trace.server.add(spans.slice(1))
    await trace.page.goto('about:blank')
    const started = performance.now()
    await trace.page.goto(`${trace.server.url}/traces/${spans[0]!.traceId}`, { waitUntil: 'commit' })
    await trace.page.waitForSelector('.span-row')
    const took = performance.now() - started
    t.diagnostic(`first rows after ${Math.round(took)} ms`)
    assert.equal(await trace.page.locator('.waterfall').getAttribute('aria-rowcount'), '50001')
    assert.ok((await trace.page.locator('.span-row').count()) < 60)
    const frame = await trace.page.locator('.waterfall').evaluate(async (box) => {
      const frames: number[] = []
      for (let step = 1; step <= 61; step++) {
        const before = performance.now()
        box.scrollTop = step * 9001
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))
        frames.push(performance.now() - before)
      }
      return frames.sort((a, b) => a - b)[30]!
    })
    t.diagnostic(`a frame of scrolling takes ${Math.round(frame)} ms`)
    await trace.press('End')
    await trace.page.waitForSelector('.span-row[aria-rowindex="50001"].cursor')
    await trace.press('e')
    await trace.page.waitForSelector('.span-row.cursor.failed')
  })

  it('answers ? with the keys and closes them again', async () => {
    await trace.open(checkout(START, 1, false))
    await trace.press('?')
    assert.ok(await trace.page.locator('dialog.help').isVisible())
    await trace.press('j')
    assert.equal(await trace.cursor(), 'POST /checkout', 'keys rest while the help is open')
    await trace.press('Escape')
    assert.equal(await trace.page.locator('dialog.help[open]').count(), 0)
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`can be read and named in the ${colorScheme} scheme`, async () => {
      const spans = checkout(START, 1, true)
      await trace.open(spans, `?span=${named(spans, 'authorise payment').spanId}`, {
        viewport: { width: 1280, height: 900 },
        colorScheme,
      })
      await trace.page.waitForSelector('.stack')
      assert.deepEqual(await poorContrast(trace.page), [])
      assert.deepEqual(await nameless(trace.page), [])
      assert.deepEqual(await brokenIds(trace.page), [])
      await trace.page.locator('.find input').fill('post')
      assert.deepEqual(await poorContrast(trace.page), [])
    })
  }
})

function named(spans: readonly PlainSpan[], name: string): PlainSpan {
  return spans.find((span) => span.name === name)!
}
