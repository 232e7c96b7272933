/// <reference lib="dom" />
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { startViewer, type Viewer } from '../../dist/index.js'
import { chromiumSkipped, launch, openPage } from './browser.ts'
import { browse, checkout, large } from './shop.ts'
import { type PlainSpan, toOtlp } from './spans.ts'

const now = () => BigInt(Date.now()) * 1_000_000n

describe('the viewer, from an export request to the screen', {
  skip: chromiumSkipped && 'SPOOR_SKIP_SERVICES names chromium',
}, () => {
  let browser: Browser
  let viewer: Viewer
  let page: Page
  let troubles: string[]

  before(async () => {
    browser = await launch()
  })
  after(() => browser?.close())
  beforeEach(async () => {
    viewer = await startViewer({ otlpPort: 0, uiPort: 0 })
    ;({ page, troubles } = await openPage(browser))
  })
  afterEach(async () => {
    await page.context().close()
    await viewer.close()
    assert.deepEqual(troubles, [])
  })

  async function send(spans: readonly PlainSpan[]): Promise<void> {
    const response = await fetch(`${viewer.otlpUrl}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(toOtlp(spans)),
    })
    assert.equal(response.status, 200)
    assert.deepEqual(await response.json(), {})
  }

  it('names its own endpoint to a newcomer, then shows what is sent there, by itself', async () => {
    await page.goto(viewer.url)
    const endpoint = `OTEL_EXPORTER_OTLP_ENDPOINT=${viewer.otlpUrl}`
    await page.locator('.command', { hasText: new RegExp(`^${endpoint}$`) }).waitFor()
    await page.locator('.command', { hasText: `${endpoint} node --import spoor/register app.js` }).waitFor()
    await page.locator('.connection.open').waitFor()
    await send(checkout(now(), 1, true))
    await page.waitForSelector('a.trace')
    await send(browse(now() + 1_000_000_000n, 2))
    await page.waitForFunction(() => document.querySelectorAll('a.trace').length === 2)
    assert.deepEqual(await page.locator('.trace-name').allTextContents(), ['GET /products', 'POST /checkout'])
    assert.match((await page.locator('.error-count').textContent())!, /^6/)
  })

  it('filters, searches and pages on the server', async () => {
    for (let i = 0; i < 60; i++) await send(i === 0 ? checkout(now(), 200, true) : browse(now(), i))
    await page.goto(viewer.url)
    await page.waitForFunction(() => document.querySelectorAll('a.trace').length === 50)
    await page.locator('.list-foot button').click()
    await page.waitForFunction(() => document.querySelectorAll('a.trace').length === 60)
    await page.locator('.errors-only').click()
    await page.waitForFunction(() => document.querySelectorAll('a.trace').length === 1)
    await page.goto(`${viewer.url}/?service=mailer`)
    await page.waitForFunction(() => document.querySelectorAll('a.trace').length === 1)
    await page.goto(`${viewer.url}/?search=products`)
    await page.waitForFunction(() => document.querySelectorAll('a.trace').length === 50)
  })

  it('draws the waterfall, the failures and the attributes exactly as they were sent', async () => {
    const spans = checkout(now(), 3, true)
    const payment = spans.find(({ name }) => name === 'authorise payment')!
    await send(spans)
    await page.goto(`${viewer.url}/traces/${payment.traceId}?span=${payment.spanId}`)
    await page.waitForSelector('.detail .stack')
    assert.equal(await page.locator('.waterfall').getAttribute('aria-rowcount'), String(spans.length + 1))
    const failed = await page.locator('.span-row.failed').count()
    assert.equal(failed, spans.filter(({ status }) => status.code === 2).length)
    const red = await page
      .locator('.span-row.failed .bar')
      .first()
      .evaluate((bar) => getComputedStyle(bar).backgroundColor)
    assert.equal(red, 'rgb(229, 72, 77)')
    const shown = await page
      .locator('.section')
      .first()
      .locator('tr')
      .evaluateAll((rows) =>
        rows.map((row) => [row.querySelector('th')!.textContent, row.querySelector('td')!.textContent]),
      )
    assert.deepEqual(shown, [
      ['payment.amount', '84.9'],
      ['payment.currency', 'EUR'],
      ['payment.express', 'false'],
      ['payment.retries', '2'],
    ])
    assert.equal(await page.locator('.span-row.selected .event-tick').count(), 3)
    assert.equal(await page.locator('.status.failed').textContent(), 'card declined by issuer')
  })

  it('grows on screen while its spans are still arriving, children first', async () => {
    const spans = checkout(now(), 4, false)
    await send(spans.slice(-6))
    await page.goto(`${viewer.url}/traces/${spans[0]!.traceId}`)
    await page.locator('.trace-heading .badge', { hasText: 'incomplete' }).waitFor()
    await page.locator('.connection.open').waitFor()
    await send(spans.slice(0, -6).reverse())
    await page.waitForFunction(
      (rows) => document.querySelector('.waterfall')?.getAttribute('aria-rowcount') === rows,
      String(spans.length + 1),
    )
    assert.equal(await page.locator('.trace-heading .badge').count(), 0)
    assert.equal(await page.locator('.trace-heading .trace-name').textContent(), 'POST /checkout')
  })

  it('downloads a trace as OTLP JSON that can be sent again', async () => {
    const spans = checkout(now(), 5, true)
    await send(spans)
    await page.goto(`${viewer.url}/traces/${spans[0]!.traceId}`)
    const href = await page.locator('.trace-actions a[download]').getAttribute('href')
    const otlp = await page.evaluate(async (path) => (await fetch(path)).json(), href!)
    const ids = (otlp as any).resourceSpans.flatMap((resource: any) =>
      resource.scopeSpans.flatMap((scope: any) => scope.spans.map((span: any) => span.spanId)),
    )
    assert.deepEqual(ids.sort(), spans.map(({ spanId }) => spanId).sort())
  })

  it('keeps hostile text harmless on its whole way', async () => {
    const hostile = '<img src=x onerror="document.title=\'owned\'">'
    const [root] = checkout(now(), 6, false)
    await send([{ ...root!, name: hostile, service: hostile, attributes: { [hostile]: hostile } }])
    await page.goto(viewer.url)
    await page.waitForSelector('a.trace')
    assert.equal(await page.locator('.trace-name').textContent(), hostile)
    await page.locator('a.trace').click()
    await page.locator('.span-row').click()
    await page.waitForSelector('.detail .attributes')
    assert.equal(await page.locator('.detail h2').textContent(), hostile)
    assert.equal(await page.locator('.attributes th').first().textContent(), hostile)
    assert.equal(await page.locator('#app img').count(), 0)
    assert.notEqual(await page.title(), 'owned')
  })

  it('draws a trace of 20,000 spans', async () => {
    const spans = large(now(), 7, 20_000)
    for (let at = 0; at < spans.length; at += 5000) await send(spans.slice(at, at + 5000))
    await page.goto(`${viewer.url}/traces/${spans[0]!.traceId}`)
    await page.waitForSelector('.waterfall[aria-rowcount="20001"] .span-row')
  })
})
