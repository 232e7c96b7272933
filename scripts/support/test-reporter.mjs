/**
 * A reporter for logs: one line per test file, every failure with its reason as soon as it is known, and at the end the
 * summary lines of node's own reporter (`ℹ tests 12` …), which CI counts.
 *
 * It listens to `test:complete`, which comes in the order of events; `test:pass` and `test:fail` wait for their turn.
 */
import { relative, resolve } from 'node:path'
import { inspect } from 'node:util'
import { elapsed, paint } from './terminal.mjs'

const shade = (style, text) => paint(style, text, process.stdout)

export default async function* report(source) {
  const counts = new Map()
  const output = new Map()
  for await (const { type, data } of source) {
    const file = resolve(data?.entryFile ?? data?.file ?? '')
    if (type === 'test:stderr') output.set(file, ((output.get(file) ?? '') + data.message).slice(-4000))
    if (type === 'test:diagnostic' && data.nesting === 0) yield* summary(data.message)
    if (type !== 'test:complete') continue

    const count = counts.get(file) ?? { passed: 0, failed: 0, skipped: 0 }
    counts.set(file, count)
    const { passed, error, type: kind } = data.details
    const outcome =
      data.skip !== undefined || data.todo !== undefined ? 'skipped' : passed ? 'passed' : 'failed'
    if (data.nesting === 0 && resolve(data.name) === file) {
      if (outcome === 'failed' && error?.failureType !== 'subtestsFailed') {
        yield failure(file, 'the file itself failed', output.get(file) || error)
      }
      yield fileLine(file, outcome, count, data.details.duration_ms)
    } else if (kind !== 'suite') {
      count[outcome]++
      const ownFault = outcome === 'failed' && error?.failureType !== 'subtestsFailed'
      if (ownFault) yield failure(file, data.name, error?.cause ?? error)
    }
  }
}

function* summary(message) {
  if (message.startsWith('tests ')) yield '\n'
  if (/^[a-z_]+ [\d.]+$/.test(message)) yield `ℹ ${message}\n`
}

function fileLine(file, outcome, { passed, failed, skipped }, duration) {
  const mark = outcome === 'failed' ? shade('red', '✖') : shade('green', '✔')
  const counted = Object.entries({ passed, failed, skipped }).filter(([, count]) => count > 0)
  const details = [...counted.map(([word, count]) => `${count} ${word}`), elapsed(duration)].join(', ')
  return `${mark} ${relative('', file)} ${shade('dim', `(${details})`)}\n`
}

function failure(file, title, reason) {
  const text = typeof reason === 'string' ? reason : inspect(reason, { depth: 6 })
  const body = text.trimEnd().replace(/^/gm, '    ')
  return `${shade('red', `✖ ${relative('', file)}: ${title}`)}\n${body}\n`
}
