import { existsSync } from 'node:fs'
import { run } from '../support/run.mjs'
import { step } from '../support/terminal.mjs'

/**
 * Installs Debian packages where that is possible: as root, on a system with apt-get.
 *
 * @returns {Promise<string>} what went wrong, empty if nothing did or nothing was tried
 */
export async function installPackages(names, packages) {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return ''
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  let trouble = ''
  await step(`Installing ${names} from Debian's packages`, async () => {
    const update = await run('apt-get', ['update', '--quiet'], { env })
    const install = await run(
      'apt-get',
      ['install', '--yes', '--quiet', '--no-install-recommends', ...packages],
      { env },
    )
    const failed = [install, update].find(({ code }) => code !== 0)
    if (install.code !== 0)
      trouble = `apt-get failed:\n${failed.output.trim().split('\n').slice(-5).join('\n')}`
    return install.code === 0 ? packages.join(' ') : 'failed'
  })
  return trouble
}
