/**
 * Holds the documentation to the code: every program in it runs and prints what it says, every command, file, link,
 * variable, code and name in it exists.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, normalize } from 'node:path'
import { after, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { transform } from 'esbuild'
import { filesUnder } from '../scripts/support/fingerprint.mjs'
import { root, runNode } from '../scripts/support/run.mjs'

const written = [
  ...['README.md', 'ARCHITECTURE.md', 'RATIONALE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
  ...['packages/spoor/README.md', 'packages/viewer/README.md', 'bench/README.md', 'docs/benchmarks.md'],
  ...filesUnder('docs/guides'),
  ...filesUnder('docs/reference'),
]
const pages = new Map(written.map((path) => [path, readFileSync(join(root, path), 'utf8')]))
const manifest = JSON.parse(readFileSync(join(root, 'packages/spoor/package.json'), 'utf8'))
const doors = Object.keys(manifest.exports)
  .filter((door) => door !== './package.json')
  .map((door) => door.replace(/^\./, 'spoor'))

/**
 * Runs a program of the documentation. One that serves for ever has shown that it starts: it is ended after a while,
 * the others end by themselves. A timer that keeps nothing alive tells the two apart.
 */
const runner = `
import { pathToFileURL } from 'node:url'
setTimeout(() => process.exit(), 6000).unref()
await import(pathToFileURL(process.argv[2]))
`

/** Where a path that a page names may begin. */
const bases = [
  ...[
    '',
    'packages/spoor/src',
    'packages/viewer/src',
    'packages/spoor',
    'packages/viewer',
    'packages/viewer/src/web',
  ],
  ...['packages/spoor/src/instrumentations', 'packages/spoor/test/instrumentations', 'bench/harness'],
  ...['docs', 'bench', 'examples/journey', 'scripts'],
]

describe('programs in the documentation', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-docs-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  writeFileSync(join(folder, 'package.json'), '{ "name": "documentation", "type": "module" }\n')
  writeFileSync(join(folder, 'run.mjs'), runner)
  after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

  const programs = [...pages].flatMap(([path, text]) => fences(path, text)).filter(isProgram)

  it('are there: a page without one would prove nothing', () => {
    assert.ok(programs.length >= 25, `only ${programs.length} programs were found`)
  })

  it('open every door at least once', () => {
    const opened = programs.map(({ code, flags }) => `${code} ${flags.join(' ')}`).join()
    for (const door of doors)
      assert.match(opened, new RegExp(`['" ]${door}\\b(?!/)`), `${door} is in no program`)
  })

  it('type-check as strictly as an application may want, those that are TypeScript', {
    timeout: 60_000,
  }, async () => {
    const typed = programs.filter(({ language }) => language === 'ts')
    assert.ok(typed.length > 0)
    for (const [index, { code }] of typed.entries()) writeFileSync(join(folder, `typed-${index}.mts`), code)
    const compilerOptions = {
      ...{ strict: true, noEmit: true, module: 'nodenext', target: 'es2022', types: ['node'] },
      lib: ['es2023', 'esnext.disposable', 'esnext.decorators'],
    }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.mts'] }))
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { code, output } = await runNode([tsc, '--project', folder])
    assert.equal(code, 0, output)
  })

  for (const [index, { path, line, language, code, flags }] of programs.entries()) {
    it(`${path}:${line} runs and prints what it says`, { timeout: 20_000 }, async () => {
      const file = join(folder, `program-${index}.${language === 'cjs' ? 'cjs' : 'mjs'}`)
      writeFileSync(file, language === 'ts' ? await javascript(code) : code)
      const { code: exit, output } = await runNode([...flags, join(folder, 'run.mjs'), file], {
        cwd: folder,
        env: environment(),
        timeout: 15_000,
      })
      assert.equal(exit, 0, output)
      let rest = output
      for (const [, promised] of code.matchAll(/\/\/ → (.*)$/gm)) {
        const at = rest.indexOf(promised)
        assert.notEqual(at, -1, `it should print ${JSON.stringify(promised)}, and printed:\n${output}`)
        rest = rest.slice(at + promised.length)
      }
    })
  }
})

describe('commands in the documentation', async () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const { output: help } = await runNode([join(root, 'packages/viewer/dist/cli.js'), '--help'])

  for (const { path, line, code } of [...pages]
    .flatMap(([path, text]) => fences(path, text))
    .filter(isShell)) {
    it(`${path}:${line} names scripts, files and options that exist`, () => {
      for (const command of code.replace(/\\\n/g, ' ').split('\n')) {
        const script = /\bnpm (?:run )?([\w:]+)/.exec(command)?.[1]
        const isNpms = ['install', 'i', 'ci', 'pack', 'ls'].includes(script)
        if (script && !isNpms) assert.ok(scripts[script], `there is no npm script "${script}"`)
        for (const [file] of command.matchAll(
          /\b(?:scripts|bench|packages|examples)\/[\w./-]+\.(?:mjs|js)\b/g,
        )) {
          assert.ok(existsSync(join(root, file)), `there is no ${file}`)
        }
        const options = /spoor-viewer((?: [^#|&]*)?)/.exec(command)?.[1].split(' -- ')[0] ?? ''
        for (const [option] of options.matchAll(/--[\w-]+/g)) {
          assert.ok(help.includes(option), `spoor-viewer has no option ${option}`)
        }
        for (const [, door] of command.matchAll(/(?:--import|-r|--require)[ =](spoor[\w/-]*)/g)) {
          assert.ok(doors.includes(door), `there is no door ${door}`)
        }
      }
    })
  }
})

describe('names in the documentation', async () => {
  const { environmentTable } = await import(pathToFileURL(join(root, 'packages/spoor/dist/esm/variables.js')))
  const sources = [
    'packages/spoor/src',
    'packages/viewer/src',
    'scripts',
    'bench/harness',
    'packages/spoor/test/support',
  ]
    .flatMap((folder) => filesUnder(folder))
    .filter((file) => /\.(m?ts|tsx|mjs)$/.test(file) && !file.includes('node_modules'))
  const source = sources.map((file) => readFileSync(join(root, file), 'utf8')).join('\n')

  for (const [path, text] of pages) {
    it(`${path}: variables and error codes are known to the code`, () => {
      const ours = environmentTable.map(({ name }) => name)
      for (const [name] of text.matchAll(/\b(?:SPOOR|OTEL)_[A-Z0-9_]*[A-Z0-9]\b(?![*…])/g)) {
        assert.ok(ours.includes(name) || source.includes(name), `there is no ${name}`)
      }
    })

    it(`${path}: links lead somewhere`, () => {
      for (const [, target] of withoutFences(text).matchAll(
        /\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"/g,
      )) {
        if (target === undefined || /^[a-z]+:/.test(target)) continue
        const [file, anchor] = target.split('#')
        const place = file === '' ? path : normalize(join(dirname(path), file))
        assert.ok(existsSync(join(root, place)), `${target} leads nowhere`)
        if (anchor === undefined || !place.endsWith('.md')) continue
        assert.ok(
          anchors(readFileSync(join(root, place), 'utf8')).includes(anchor),
          `${target}: no such heading`,
        )
      }
    })

    it(`${path}: files named in it exist`, () => {
      // Comments of the code, which may name files of others, and an example that is made up.
      if (path === 'docs/reference/api.md') return
      for (const file of filesNamedIn(text).filter((name) => !name.includes('tinysql')))
        assert.ok(isThere(file), `there is no ${file}`)
    })
  }

  it('README.md shows every door and fits its promise of one page', () => {
    const text = pages.get('README.md')
    for (const door of doors) assert.ok(text.includes(`\`${door}\``), `${door} is missing`)
    assert.ok(text.split('\n').length <= 200, 'it has more than 200 lines')
  })

  it('docs/reference/api.md names everything that a door exports, and nothing else', async () => {
    const sections = pages.get('docs/reference/api.md').split(/^## /m).slice(1)
    for (const door of doors.filter((each) => each !== 'spoor/register')) {
      const section = sections.find((each) => each.startsWith(`\`${door}\``))
      assert.ok(section, `${door} has no section`)
      const named = [...section.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell]) =>
        [...cell.matchAll(/`(\w+)/g)].map(([, name]) => name),
      )
      const exported = Object.keys(await import(door)).filter((name) => name !== 'default')
      assert.deepEqual(named.toSorted(), exported.toSorted(), `section of ${door}`)
    }
  })

  it('ARCHITECTURE.md maps every folder of both packages, and every file beside them', () => {
    const mapped = [...pages.get('ARCHITECTURE.md').matchAll(/^```map\n(.*?)^```$/gms)].map(([, map]) =>
      map.split('\n').flatMap((line) => line.match(/^\S+/) ?? []),
    )
    for (const [index, source] of ['packages/spoor/src', 'packages/viewer/src'].entries()) {
      const there = filesUnder(source).map((file) => file.slice(source.length + 1).replace(/\/.*/, '/'))
      assert.deepEqual(mapped[index].toSorted(), [...new Set(there)].toSorted())
    }
  })

  it('RATIONALE.md asks questions', () => {
    const headings = [...pages.get('RATIONALE.md').matchAll(/^### (.*)$/gm)].map(([, heading]) => heading)
    assert.ok(headings.length >= 20)
    for (const heading of headings) assert.ok(heading.endsWith('?'), `"${heading}" is no question`)
  })
})

/** Fenced blocks, with the node flags that \`<!-- node --import … -->\` above a block asks for. */
function fences(path, text) {
  const found = text.matchAll(/(?:^<!-- node (.*?) -->\n+)?^```(\w+)\n(.*?)^```$/gms)
  return [...found].map(({ index, 0: whole, 1: flags, 2: language, 3: code }) => ({
    path,
    line: text.slice(0, index + whole.indexOf('```')).split('\n').length,
    language,
    code,
    flags: flags?.split(' ') ?? [],
  }))
}

function isProgram({ language }) {
  return ['js', 'mjs', 'cjs', 'ts'].includes(language)
}

function isShell({ language }) {
  return language === 'sh'
}

function withoutFences(text) {
  return text.replace(/^```.*?^```$/gms, '')
}

/** Decorators and \`using\` are not yet in every Node: compiled as an application would compile them. */
async function javascript(code) {
  const { code: compiled } = await transform(code, { loader: 'ts', target: 'node20', format: 'esm' })
  return compiled
}

/** Nothing of the shell's own tracing, and no collector: what a program shows, it prints. */
function environment() {
  const plain = Object.entries(process.env).filter(
    ([name]) => !/^(OTEL|SPOOR|NODE_OPTIONS|NODE_TEST)/.test(name),
  )
  return { ...Object.fromEntries(plain), OTEL_TRACES_EXPORTER: 'none', NO_COLOR: '1' }
}

/** What stands in backticks and looks like a file of this repository. */
function filesNamedIn(text) {
  const inFences = [...text.matchAll(/^```map\n(.*?)^```$/gms)].flatMap(([, map]) =>
    map.split('\n').flatMap((line) => line.match(/^\S+/) ?? []),
  )
  const inline = [...withoutFences(text).matchAll(/`([\w@.{},*/-]+)`/g)].map(([, name]) => name)
  return [
    ...inFences,
    ...inline.filter(
      (name) =>
        /^(packages|scripts|docs|test|bench|examples|\.ci)\//.test(name) ||
        /^[\w-]+(\/[\w.{},-]+)+\.(ts|tsx|mjs|md|css|html)$/.test(name),
    ),
  ].flatMap(alternatives)
}

/** \`store/{a,b}.ts\` are two files. */
function alternatives(name) {
  const [, before, list, behind] = /^(.*)\{(.*)\}(.*)$/.exec(name) ?? []
  return list === undefined ? [name] : list.split(',').map((each) => before + each + behind)
}

function isThere(name) {
  const path = name.replace(/\*.*$/, '')
  return bases.some((base) => existsSync(join(root, base, path)))
}

/** As GitHub makes them of headings. */
function anchors(text) {
  return [...withoutFences(text).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replace(/\s/g, '-'),
  )
}
