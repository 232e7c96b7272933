/// <reference lib="dom" />
/** Chromium for the tests: the machine's own, found by `CHROMIUM_PATH` or on the `PATH`. */
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** True only where `SPOOR_SKIP_SERVICES` names `chromium`: a missing browser fails the tests, it does not skip them. */
export const chromiumSkipped: boolean = (process.env['SPOOR_SKIP_SERVICES'] ?? '')
  .split(',')
  .some((name) => name.trim() === 'chromium')

export const DESKTOP: BrowserContextOptions = { viewport: { width: 1280, height: 800 } }
export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
  deviceScaleFactor: 2,
}

export async function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: findChromium(), headless: true, args: FLAGS })
}

/** A page that remembers whatever went wrong in it: exceptions, console errors, breaches of the security policy. */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions = DESKTOP,
): Promise<{ page: Page; troubles: string[] }> {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(8000)
  const troubles: string[] = []
  page.on('pageerror', (error) => troubles.push(`exception: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      troubles.push(`console: ${message.text()}`)
  })
  await page.exposeFunction('reportTrouble', (text: string) => troubles.push(text))
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      ;(globalThis as any).reportTrouble(
        `policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`,
      )
    })
  })
  return { page, troubles }
}

function findChromium(): string {
  const named = process.env['CHROMIUM_PATH']
  const candidates = named
    ? [named]
    : (process.env['PATH'] ?? '')
        .split(delimiter)
        .flatMap((folder) => NAMES.map((name) => join(folder, name)))
  const found = candidates.find(isExecutable)
  if (found) return found
  throw new Error(
    `No Chromium found ${named ? `at CHROMIUM_PATH=${named}` : 'on the PATH'}. ` +
      'Install it (Debian, Ubuntu: apt-get install chromium), name one with CHROMIUM_PATH, ' +
      'or leave these tests out with SPOOR_SKIP_SERVICES=chromium.',
  )
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
