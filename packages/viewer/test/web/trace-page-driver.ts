import type { Browser, Locator, Page } from 'playwright-core'
import { launch, openPage } from './browser.ts'
import { PageServer } from './page-server.ts'
import type { PlainSpan } from './spans.ts'

/** The page of one trace in a browser, with the words its tests speak. One server and one page per test. */
export class TracePageDriver {
  server!: PageServer
  page!: Page
  troubles: string[] = []
  #browser!: Browser

  async launch(): Promise<void> {
    this.#browser = await launch()
  }

  async quit(): Promise<void> {
    await this.#browser?.close()
  }

  /** An empty server and an empty page. */
  async begin(options?: Parameters<typeof openPage>[1]): Promise<void> {
    this.server = await PageServer.start()
    ;({ page: this.page, troubles: this.troubles } = await openPage(this.#browser, options))
  }

  /** @param query what follows the trace in the address, such as `?span=…` */
  async open(
    spans: readonly PlainSpan[],
    query: string = '',
    options?: Parameters<typeof openPage>[1],
  ): Promise<void> {
    await this.begin(options)
    this.server.add(spans)
    await this.page.goto(`${this.server.url}/traces/${spans[0]!.traceId}${query}`)
    await this.page.waitForSelector('.span-row')
  }

  /** @returns what went wrong in the page meanwhile; a test that ends well has nothing */
  async close(): Promise<string[]> {
    await this.page.context().close()
    await this.server.close()
    return this.troubles
  }

  /** The first row with this name. */
  row(name: string): Locator {
    return this.page.locator('.span-row', { has: this.page.getByText(name, { exact: true }) }).first()
  }

  cursor(): Promise<string | null> {
    return this.page.locator('.span-row.cursor .span-name').textContent()
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key)
  }
}
