/// <reference lib="dom" />
/** Accessibility by hand: what a checker would look for, asked of the page itself. */
import type { Page } from 'playwright-core'

/** Visible text whose contrast with what is behind it misses WCAG AA. */
export function poorContrast(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    type Colour = [red: number, green: number, blue: number, alpha: number]
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!
    const parse = (css: string): Colour => {
      canvas.clearRect(0, 0, 1, 1)
      canvas.fillStyle = css
      canvas.fillRect(0, 0, 1, 1)
      const [red = 0, green = 0, blue = 0, alpha = 0] = canvas.getImageData(0, 0, 1, 1).data
      return [red, green, blue, alpha / 255]
    }
    const over = (top: Colour, below: Colour): Colour => {
      const mix = (a: number, b: number) => a * top[3] + b * (1 - top[3])
      return [mix(top[0], below[0]), mix(top[1], below[1]), mix(top[2], below[2]), 1]
    }
    const light = ([red, green, blue]: Colour) => {
      const [r, g, b] = [red, green, blue].map((value) => {
        const part = value / 255
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
      }) as [number, number, number]
      return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const behind = (element: Element): Colour => {
      const layers: Colour[] = []
      for (let at: Element | null = element; at; at = at.parentElement)
        layers.push(parse(getComputedStyle(at).backgroundColor))
      return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1] as Colour)
    }
    const poor = new Set<string>()
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (walker.nextNode()) {
      const text = walker.currentNode.nodeValue!.trim()
      const element = walker.currentNode.parentElement!
      const style = getComputedStyle(element)
      if (!text || !element.checkVisibility() || element.closest('.visually-hidden, noscript, option'))
        continue
      // Inside its bar a label stands on the bar, which is a neighbour and not a parent.
      const bar = element.matches('.duration-label.inside')
        ? element.parentElement!.querySelector('.bar')
        : null
      const back = bar ? over(parse(getComputedStyle(bar).backgroundColor), behind(bar)) : behind(element)
      const [a, b] = [light(over(parse(style.color), back)), light(back)]
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
      if (ratio < 4.5) poor.add(`${ratio.toFixed(2)} "${text.slice(0, 30)}" .${element.className}`)
    }
    return [...poor]
  })
}

/** What can be pressed or filled in but has no name to be called by. */
export function nameless(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('a, button, input, select, [role]')]
      .filter(
        (element) =>
          element.checkVisibility() &&
          !['presentation', 'row', 'rowgroup', 'gridcell'].includes(element.getAttribute('role') ?? ''),
      )
      .filter((element) => {
        const labelled = element.getAttribute('aria-labelledby')
        const name =
          element.getAttribute('aria-label') ??
          (labelled ? document.getElementById(labelled)?.textContent : null) ??
          element.textContent
        return !name?.trim()
      })
      .map((element) => element.outerHTML.slice(0, 120)),
  )
}

/** Ids that occur twice, and references to ids that do not exist. */
export function brokenIds(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id)
    const repeated = ids.filter((id, index) => ids.indexOf(id) !== index)
    const dangling = [...document.querySelectorAll('[aria-activedescendant], [aria-labelledby]')]
      .map(
        (element) =>
          element.getAttribute('aria-activedescendant') ?? element.getAttribute('aria-labelledby')!,
      )
      .filter((id) => !ids.includes(id))
    return [...repeated, ...dangling]
  })
}

/** How many pixels the page is wider than its window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => {
    const widest = [
      ...document.querySelectorAll('.frame, .page, .list-scroll, .waterfall, .detail, .trace-header'),
    ].map((element) => element.scrollWidth - element.clientWidth)
    return Math.max(document.documentElement.scrollWidth - innerWidth, ...widest)
  })
}
