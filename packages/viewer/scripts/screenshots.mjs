/**
 * Takes the pictures of `docs/images` from the real viewer with the traces of the tests' shop:
 * `npm run build && npx tsc -p packages/viewer/tsconfig.test.json && node packages/viewer/scripts/screenshots.mjs`.
 * The page uses the system's own font; the pictures look best where that is a good one.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startViewer } from '../dist/index.js'
import { launch, openPage } from '../test-dist/web/browser.js'
import { browse, checkout } from '../test-dist/web/shop.js'
import { toOtlp } from '../test-dist/web/spans.js'

const TARGET = fileURLToPath(new URL('../../../docs/images', import.meta.url))
const SIZE = { viewport: { width: 1280, height: 780 }, deviceScaleFactor: 1.25 }
const SECOND = 1_000_000_000n

mkdirSync(TARGET, { recursive: true })
const now = BigInt(Date.now()) * 1_000_000n
const failing = checkout(now - 2n * SECOND, 1, true)
const viewer = await startViewer({ otlpPort: 0, uiPort: 0 })
const browser = await launch()
try {
  await send(failing)
  for (let i = 0; i < 24; i++) {
    const start = now - BigInt(4 + i * 3 + (i % 3)) * SECOND
    await send(i % 4 === 1 ? checkout(start, 100 + i, i === 13) : browse(start, 130 + i, i === 6))
  }
  const payment = failing.find(({ name }) => name === 'authorise payment')
  const waterfall = `/traces/${payment.traceId}?span=${payment.spanId}`
  await picture('traces-dark', 'dark', '/', 'a.trace')
  await picture('waterfall-dark', 'dark', waterfall, '.detail .stack')
  await picture('waterfall-light', 'light', waterfall, '.detail .stack')
} finally {
  await browser.close()
  await viewer.close()
}

async function send(spans) {
  await fetch(`${viewer.otlpUrl}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(toOtlp(spans)),
  })
}

async function picture(name, colorScheme, path, ready) {
  const { page } = await openPage(browser, { ...SIZE, colorScheme })
  await page.goto(viewer.url + path)
  await page.waitForSelector(ready)
  await page.locator('.connection.open').waitFor()
  // Event marks come a moment after the rows.
  await page.waitForTimeout(500)
  await page.screenshot({ path: join(TARGET, `${name}.png`) })
  await page.context().close()
  console.log(`docs/images/${name}.png`)
}
