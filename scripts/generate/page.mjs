/** What the generators of pages share: write a page or compare it, and put a part between two markers. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/run.mjs'

/** Writes pages, by path; with `--check` compares instead, names those that differ and exits with 1. */
export function deliver(pages) {
  const isCheck = process.argv.includes('--check')
  const stale = []
  for (const [path, text] of Object.entries(pages)) {
    const file = join(root, path)
    if (!isCheck) writeFileSync(file, text)
    else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) stale.push(path)
  }
  for (const path of stale) console.error(`${path} is not up to date.`)
  if (stale.length > 0) process.exitCode = 1
}

/** The page with a new text between `<!-- name: … -->` and `<!-- /name -->`. */
export function withPart(path, name, text) {
  const page = readFileSync(join(root, path), 'utf8')
  const parts = new RegExp(`(<!-- ${name}: [^>]*-->\n).*?(<!-- /${name} -->)`, 's')
  if (!parts.test(page))
    throw new Error(`${path} has no part between <!-- ${name}: … --> and <!-- /${name} -->`)
  return page.replace(parts, (_, open, close) => `${open}${text.trimEnd()}\n${close}`)
}

/** A table in Markdown, with the pipes in its cells escaped. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
