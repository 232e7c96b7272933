/**
 * Writes `docs/parity.md`: for each behaviour of the reference libraries the tests that prove it, found by their
 * titles, or the reason why there is none. Fails for a behaviour that has neither; in a section that is `growing` it
 * only says which these are. A section in which nothing is missing any more should lose that mark.
 *
 * Programs of the documentation count too, because `test/docs.test.mjs` runs them: a comment above the program,
 * `<!-- FLK-X01: a server with a marked handler -->`, is its title.
 *
 *     node scripts/generate/parity.mjs [--check]
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { filesUnder } from '../support/fingerprint.mjs'
import { root } from '../support/run.mjs'
import { reasons } from './parity-reasons.mjs'

const page = join(root, 'docs/parity.md')
const { sections, later } = JSON.parse(readFileSync(join(root, 'docs/behaviour-ids.json'), 'utf8'))

/** Tests, and the kits whose cases are tests wherever they are called. */
const sources = [
  'packages/spoor/test',
  'packages/viewer/test',
  'packages/spoor/src/testing',
  'examples',
  'test',
]
  .filter((path) => existsSync(join(root, path)))
  .flatMap(filesUnder)
  .filter((file) => /\.(test\.m?ts|test\.mjs)$/.test(file) || file.startsWith('packages/spoor/src/testing/'))
  .sort()

const listed = sections.flatMap(({ behaviours }) => Object.keys(behaviours))
const known = new Set([...listed, ...later.flatMap(({ ids }) => ids)])

const tests = new Map()
for (const file of sources) {
  for (const { ids, title } of titles(readFileSync(join(root, file), 'utf8'))) {
    for (const id of ids) prove(id, { file, title })
  }
}
for (const file of ['README.md', ...filesUnder('docs/guides').sort()]) {
  for (const { ids, title } of programs(readFileSync(join(root, file), 'utf8'))) {
    for (const id of ids) prove(id, { file, title })
  }
}

const growing = new Set(
  sections.filter((section) => section.growing).flatMap(({ behaviours }) => Object.keys(behaviours)),
)
const missing = listed.filter((id) => !tests.has(id) && !(id in reasons))
const superfluous = Object.keys(reasons).filter((id) => tests.has(id) || !listed.includes(id))
const faults = [
  ...missing
    .filter((id) => !growing.has(id))
    .map((id) => `${id} has no test whose title begins with it, and no reason in parity-reasons.mjs.`),
  ...superfluous
    .filter((id) => !growing.has(id))
    .map((id) => `${id} has a reason in parity-reasons.mjs, and does not need it.`),
]
if (faults.length > 0) fail(faults)
tellWhatGrows()

const text = render()
if (!process.argv.includes('--check')) writeFileSync(page, text)
else if (!existsSync(page) || readFileSync(page, 'utf8') !== text) fail(['docs/parity.md is not up to date.'])

function prove(id, proof) {
  tests.set(id, [...(tests.get(id) ?? []), proof])
}

/** To the terminal, section by section: what somebody still has to write. */
function tellWhatGrows() {
  for (const { section, behaviours, growing } of sections) {
    if (!growing) continue
    const open = Object.keys(behaviours).filter((id) => missing.includes(id))
    console.log(
      open.length === 0
        ? `${section} is complete: take \`growing\` off it in docs/behaviour-ids.json.`
        : `${section} not yet: ${open.join(' ')}`,
    )
  }
  for (const id of superfluous)
    console.log(`${id} has a test now: take its reason out of parity-reasons.mjs.`)
}

/**
 * Titles that begin with identifiers: of tests, `it('AC-01: …'`; of the cases of a kit, `title: 'PYR-B01, FLK-B02: …'`; and
 * of cases that a function makes, which is given the identifiers as a text of their own, `failing('PYR-E02', 'thrown')`.
 */
function titles(source) {
  const whole = source.matchAll(
    /\b(?:(?:it|test|describe)\(|title:)\s*(['"`])([A-Z][A-Za-z0-9-]*(?:, [A-Z][A-Za-z0-9-]*)*): (.+?)\1,/gs,
  )
  const made = [...source.matchAll(/\b\w+\((?:\s*(?:'[^'\n]*'|`[^`\n]*`),?)+/g)].flatMap(([call]) => {
    const texts = [...call.matchAll(/'([^'\n]*)'|`([^`\n]*)`/g)].map(([, one, other]) => one ?? other)
    const ids = texts.find((text) => text.split(', ').every((id) => known.has(id)))
    return ids === undefined ? [] : [['', '', ids, texts.filter((text) => text !== ids).join(' ')]]
  })
  return [...whole, ...made].map(([, , ids, title]) => ({
    ids: ids.split(', '),
    title: title.replaceAll(/\\(['"`])/g, '$1'),
  }))
}

/** Programs in a page of the documentation whose comment begins with identifiers. */
function programs(page) {
  const found = page.matchAll(
    /^<!-- ([A-Z][A-Za-z0-9-]*(?:, [A-Z][A-Za-z0-9-]*)*): (.+?) -->\n+(?:<!-- node .*? -->\n+)?```(?:js|mjs|cjs|ts)\n/gm,
  )
  return [...found].map(([, ids, title]) => ({ ids: ids.split(', '), title }))
}

function render() {
  const proved = listed.filter((id) => tests.has(id)).length
  const lines = [
    '# Parity with OpenTracing',
    '',
    '<!-- Written by `npm run generate` from docs/behaviour-ids.json and the titles of the tests. Do not edit. -->',
    '',
    'What OpenTracing and its reference libraries do, and the test that proves that Spoor does it; or that it does',
    'not, where the reference has a defect (identifiers with a Q). Titles found in `packages/spoor/src/testing` are cases',
    'of the contract kits, which `packages/spoor/test/compliance` runs against Spoor’s tracer, the mock tracer and the',
    'global one, on each scope manager, and `packages/spoor/test/frameworks` against applications of each framework;',
    '`spoor/testing` offers the same kits for what is your own.',
    '',
    `Of ${listed.length} behaviours, ${proved} are proved by tests, ${listed.length - proved - missing.length} have no counterpart in Node.js,`,
    `and ${missing.length} are not proved yet.`,
  ]
  for (const { section, title, behaviours } of sections) {
    lines.push('', `## ${section} ${title}`, '', '| ID | What | Proved by |', '|---|---|---|')
    for (const [id, what] of Object.entries(behaviours)) lines.push(row(id, what))
  }
  lines.push(
    '',
    '## Later',
    '',
    'Behaviours that belong to client libraries; those that a test names already are marked.',
    '',
    '| Section | Library | Behaviours |',
    '|---|---|---|',
    ...later.map(
      ({ section, title, ids }) =>
        `| ${section} | ${title} | ${ids.map((id) => (tests.has(id) ? `**${id}**` : id)).join(' ')} |`,
    ),
    '',
  )
  return lines.join('\n')
}

function row(id, what) {
  const found = tests.get(id)
  if (found === undefined)
    return `| ${id} | ${cell(what)} | ${cell(reasons[id] ? `— ${reasons[id]}` : 'not yet')} |`
  const byFile = groupByFile(found)
  const proofs = [...byFile].map(
    ([file, all]) =>
      `[${file.replace(/^packages\//, '')}](../${file}): ${all.map(({ title }) => cell(title)).join(' · ')}`,
  )
  return `| ${id} | ${cell(what)} | ${proofs.join('<br>')} |`
}

/** `Map.groupBy`, which Node.js 20 lacks. */
function groupByFile(found) {
  const groups = new Map()
  for (const each of found) groups.set(each.file, [...(groups.get(each.file) ?? []), each])
  return groups
}

function cell(text) {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ')
}

function fail(faults) {
  for (const fault of faults) console.error(fault)
  process.exit(1)
}
