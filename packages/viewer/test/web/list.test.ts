/// <reference lib="dom" />
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { chromiumSkipped, launch, openPage, PHONE } from './browser.ts'
import { brokenIds, nameless, overflow, poorContrast } from './inspect.ts'
import { PageServer } from './page-server.ts'
import { browse, checkout } from './shop.ts'

const SECOND = 1_000_000_000n
const now = BigInt(Date.now()) * 1_000_000n

describe('the list of traces', { skip: chromiumSkipped && 'SPOOR_SKIP_SERVICES names chromium' }, () => {
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

  async function open(path: string = '/', options?: Parameters<typeof openPage>[1]): Promise<void> {
    ;({ page, troubles } = await openPage(browser, options))
    await page.goto(server.url + path)
    await page.waitForSelector('.list, .first-trace, .notice')
  }

  async function start(traces: number): Promise<void> {
    server = await PageServer.start()
    for (let i = 0; i < traces; i++) server.add(i === 1 ? checkout(ago(i), i, true) : browse(ago(i), i))
  }

  const ago = (index: number) => now - BigInt(index + 1) * SECOND
  const names = () => page.locator('a.trace .trace-name').allTextContents()

  it('shows each trace with its services, spans, errors, duration and age', async () => {
    await start(3)
    await open()
    const row = page.locator('a.trace').nth(1)
    assert.equal(await row.locator('.trace-name').textContent(), 'POST /checkout')
    assert.equal(await row.locator('.trace-title .service-name').textContent(), 'gateway')
    assert.deepEqual(await row.locator('.chip').allTextContents(), ['catalogue', 'orders', 'mailer'])
    assert.match((await row.locator('.trace-spans').textContent())!, /^25/)
    assert.match((await row.locator('.error-count').textContent())!, /^6/)
    assert.equal(await row.locator('.duration-text').textContent(), '211 ms')
    assert.match(
      (await row.locator('.trace-when').getAttribute('title'))!,
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9} \(/,
    )
    const widths = await page
      .locator('.duration-bar')
      .evaluateAll((bars) => bars.map((bar) => bar.clientWidth))
    assert.ok(widths[1]! > 5 * widths[0]!, 'bars compare with the slowest')
  })

  it('shows a new trace by itself, on top', async () => {
    await start(2)
    await open()
    server.add(checkout(now, 50, false))
    await page.waitForFunction(() => document.querySelectorAll('a.trace').length === 3)
    assert.equal((await names())[0], 'POST /checkout')
    assert.equal(await page.locator('a.trace.fresh').count(), 1)
  })

  it('holds new traces back while the pointer is over the list, so that no row moves under it', async () => {
    await start(3)
    await open()
    const target = page.locator('a.trace').nth(1)
    await target.hover()
    const before = await target.boundingBox()
    server.add(browse(now, 60))
    await page.locator('.waiting button', { hasText: 'Show 1 new trace' }).waitFor()
    assert.deepEqual(await page.locator('a.trace', { hasText: 'POST /checkout' }).boundingBox(), before)
    await page.mouse.move(600, 10)
    await page.waitForFunction(() => document.querySelectorAll('a.trace').length === 4)
    assert.equal(await page.locator('.waiting').count(), 0)
  })

  it('stands still while paused and catches up afterwards', async () => {
    await start(2)
    await open()
    await page.keyboard.press('p')
    server.add(browse(now, 61))
    server.add(browse(now + 1n, 62))
    await page.locator('.waiting button', { hasText: 'Show 2 new traces' }).waitFor()
    assert.equal(await page.locator('a.trace').count(), 2)
    await page.locator('.pause').click()
    await page.mouse.move(600, 10)
    await page.waitForFunction(() => document.querySelectorAll('a.trace').length === 4)
  })

  it('filters by errors, service and text, and keeps the filter in the address', async () => {
    await start(4)
    await open()
    await page.locator('.errors-only').click()
    await page.waitForFunction(() => document.querySelectorAll('a.trace').length === 1)
    assert.equal(new URL(page.url()).search, '?error=true')
    await page.keyboard.press('e')
    await page.waitForFunction(() => document.querySelectorAll('a.trace').length === 4)
    await page.locator('select').selectOption('mailer')
    await page.waitForFunction(() => document.querySelectorAll('a.trace').length === 1)
    await page.locator('select').selectOption('')
    await page.keyboard.press('Escape')
    await page.locator('h1, .brand').first().focus()
    await page.keyboard.press('/')
    await page.keyboard.type('products')
    await page.waitForFunction(() => document.querySelectorAll('a.trace').length === 3)
    await page.reload()
    await page.waitForFunction(() => document.querySelectorAll('a.trace').length === 3)
    assert.equal(await page.locator('.search-field input').inputValue(), 'products')
    await page.locator('.search-field input').fill('no such thing')
    await page.locator('.notice button').click()
    await page.waitForFunction(() => document.querySelectorAll('a.trace').length === 4)
  })

  it('loads older traces when asked', async () => {
    await start(120)
    await open()
    assert.equal(await page.locator('a.trace').count(), 50)
    await page.locator('.list-foot button').click()
    await page.waitForFunction(() => document.querySelectorAll('a.trace').length === 100)
    await page.locator('.list-foot button').click()
    await page.waitForFunction(() => document.querySelectorAll('a.trace').length === 120)
    assert.match((await page.locator('.list-foot').textContent())!, /120 traces, that is all/)
  })

  it('goes from row to row with the keys, opens one, and comes back to the place it was left at', async () => {
    await start(60)
    await open()
    for (const key of ['j', 'ArrowDown', 'j', 'k']) await page.keyboard.press(key)
    const focused = () => page.evaluate(() => (document.activeElement as HTMLAnchorElement).pathname)
    assert.equal(
      await focused(),
      new URL((await page.locator('a.trace').nth(1).getAttribute('href'))!, server.url).pathname,
    )
    // A browser tells of scrolling with its next frame; nobody is as quick as this test.
    await page.locator('.list-scroll').evaluate(async (list) => {
      const told = new Promise((resolve) => list.addEventListener('scroll', resolve, { once: true }))
      list.scrollTo({ top: 700 })
      await told
    })
    await page.keyboard.press('Enter')
    await page.waitForSelector('.span-row')
    await page.keyboard.press('u')
    await page.waitForSelector('a.trace')
    await page.waitForFunction(() => document.querySelector('.list-scroll')?.scrollTop === 700)
    assert.equal(
      await focused(),
      await page.locator('a.trace').nth(1).getAttribute('href'),
      'and the focus is where it was',
    )
  })

  it('tells a newcomer how to send the first trace, then shows it', async () => {
    await start(0)
    await open()
    const commands = await page.locator('.command code').allTextContents()
    assert.deepEqual(commands.slice(0, 2), [
      'node --import spoor/register app.js',
      'npx spoor-viewer -- node app.js',
    ])
    assert.equal(commands[2], 'OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318')
    server.add(browse(now, 1))
    await page.waitForSelector('a.trace')
  })

  it('says what failed and tries again when asked', async () => {
    await start(1)
    server.failure = 503
    await open()
    assert.match((await page.locator('.notice').textContent())!, /The store could not be read\./)
    server.failure = 0
    await page.locator('.notice button').click()
    await page.waitForSelector('a.trace')
    // Chromium reports the refused request on the console, as it should.
    assert.ok(troubles.splice(0).every((trouble) => trouble.includes('503')))
  })

  it('says when the viewer can store nothing more', async () => {
    await start(1)
    server.trouble = 'the disk is full'
    await open()
    assert.match(
      (await page.locator('.banner').textContent())!,
      /Nothing new can be stored: the disk is full/,
    )
    assert.match((await page.locator('.connection').getAttribute('title'))!, /1 trace, 4 spans/)
  })

  it('says when the connection is lost, comes back by itself and shows what it missed', async () => {
    await start(1)
    await open()
    await page.locator('.connection.open').waitFor()
    await server.pause()
    await page.locator('.banner').waitFor()
    assert.equal(await page.locator('a.trace').count(), 1)
    await server.resume()
    server.add(browse(now, 9))
    await page.waitForFunction(() => document.querySelectorAll('a.trace').length === 2, undefined, {
      timeout: 15_000,
    })
    assert.equal(await page.locator('.banner').count(), 0)
    assert.ok(
      troubles
        .splice(0)
        .every((trouble) => trouble.includes('ERR_CONNECTION') || trouble.includes('ERR_INCOMPLETE')),
    )
  })

  it('keeps a chosen scheme over a reload, from the first paint on', async () => {
    await start(1)
    await open('/', { viewport: { width: 1280, height: 800 }, colorScheme: 'light' })
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    assert.equal(await background(), 'rgb(246, 247, 249)')
    await page.locator('button[aria-label="Switch to dark"]').click()
    assert.equal(await background(), 'rgb(14, 19, 27)')
    await page.addInitScript(() => {
      const look = (): unknown => {
        if (!document.body) return requestAnimationFrame(look)
        return ((globalThis as any).firstSeen = getComputedStyle(document.body).backgroundColor)
      }
      look()
    })
    await page.reload()
    assert.equal(await page.evaluate(() => (globalThis as any).firstSeen), 'rgb(14, 19, 27)')
    await page.locator('button[aria-label="Switch to light"]').click()
    assert.equal(await page.evaluate(() => localStorage.getItem('spoor.scheme')), null)
  })

  it('fits a phone without scrolling sideways', async () => {
    await start(12)
    await open('/', PHONE)
    assert.ok((await overflow(page)) <= 0)
    const sizes = await page.locator('a.trace').evaluateAll((rows) => rows.map((row) => row.clientHeight))
    assert.ok(
      sizes.every((height) => height >= 44),
      'rows are large enough for a thumb',
    )
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`can be read and named in the ${colorScheme} scheme`, async () => {
      await start(6)
      server.add(browse(now, 70).slice(2))
      await open('/', { viewport: { width: 1280, height: 800 }, colorScheme })
      assert.deepEqual(await poorContrast(page), [])
      assert.deepEqual(await nameless(page), [])
      assert.deepEqual(await brokenIds(page), [])
    })
  }
})
