/** Which versions of a library the tests install. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/run.mjs'

const manifests = ['packages/spoor', 'fixtures/nest11'].map((folder) => {
  const { dependencies = {}, devDependencies = {} } = JSON.parse(
    readFileSync(join(root, folder, 'package.json'), 'utf8'),
  )
  return { folder, wanted: Object.entries({ ...dependencies, ...devDependencies }) }
})
const installed = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages

/** Majors side by side are installed under aliases: `express4` is `npm:express@4.22.3`. */
export function testedVersions(name) {
  const found = manifests.flatMap(({ folder, wanted }) =>
    wanted.flatMap(([alias, version]) => {
      const aliased = /^npm:(.+)@([^@]+)$/.exec(version)
      if ((aliased?.[1] ?? alias) !== name) return []
      const place = installed[`${folder}/node_modules/${alias}`] ?? installed[`node_modules/${alias}`]
      return [place?.version ?? aliased?.[2] ?? version]
    }),
  )
  return [...new Set(found)].toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).join(', ')
}
