/**
 * The real servers that tests talk to. Each one comes from the first of these that works: the address in its environment
 * variable, a program on this machine started on a free port in a temporary folder, Debian's package.
 *
 * Tests find them through the same variables, so `packages/spoor/test/support/services.ts` needs to know nothing else.
 */

import { chromium } from './services/chromium.mjs'
import { installPackages } from './services/debian.mjs'
import { postgres } from './services/postgres.mjs'
import { redis } from './services/redis.mjs'
import { step, Trouble } from './support/terminal.mjs'

/**
 * A service is `{ name, variable, packages, find(), start(found) }`: `find` gives what it needs to start or null,
 * `start` gives `{ value, stop? }`, the value of the variable and how to end it.
 */
const services = [postgres, redis, chromium]

/**
 * Starts every service that is not skipped.
 *
 * @returns {Promise<{ env: Record<string, string>, stop(): Promise<void> }>} variables for the test processes
 */
export async function startServices() {
  const skipped = (process.env.SPOOR_SKIP_SERVICES ?? '').split(',').map((name) => name.trim())
  const wanted = services.filter(({ name }) => !skipped.includes(name))
  const ours = wanted.filter(({ variable }) => !process.env[variable])
  const env = Object.fromEntries(wanted.map(({ variable }) => [variable, process.env[variable] ?? '']))
  await provide(ours.filter((service) => !service.find()))

  const running = []
  const stop = async () => {
    await Promise.all(running.splice(0).map(({ stop }) => stop?.()))
  }
  if (ours.length > 0) {
    await step('Starting servers', async () => {
      const outcomes = await Promise.allSettled(ours.map((service) => service.start(service.find())))
      running.push(...outcomes.filter(({ status }) => status === 'fulfilled').map(({ value }) => value))
      const failure = outcomes.find(({ status }) => status === 'rejected')
      if (failure) {
        await stop()
        throw failure.reason
      }
      for (const [index, { value }] of running.entries()) env[ours[index].variable] = value
      return ours.map(({ name }) => name).join(', ')
    })
  }
  return { env, stop }
}

async function provide(missing) {
  if (missing.length === 0) return
  const names = missing.map(({ name }) => name).join(', ')
  const packages = missing.flatMap((service) => service.packages)
  const installed = await installPackages(names, packages)
  const still = missing.filter((service) => !service.find())
  if (still.length === 0) return
  throw new Trouble(
    [
      `These servers are missing: ${still.map(({ name }) => name).join(', ')}.`,
      ...(installed ? [installed] : []),
      ...still.map(({ name, variable, packages }) => {
        const command = `apt-get install ${packages.join(' ')}`
        return `  ${name}: install it (Debian: \`${command}\`), or set ${variable}`
      }),
      `To go without: SPOOR_SKIP_SERVICES=${still.map(({ name }) => name).join(',')} skips their tests.`,
    ].join('\n'),
  )
}
