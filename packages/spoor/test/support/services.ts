/**
 * Where the real servers of the tests are. `npm test` starts them and says so in the environment.
 */

/** An empty PostgreSQL: `postgres://spoor@127.0.0.1:…/postgres`. */
export function postgresUrl(): string {
  return address('SPOOR_TEST_POSTGRES_URL', 'postgres')
}

/** An empty Redis: `redis://127.0.0.1:…`. */
export function redisUrl(): string {
  return address('SPOOR_TEST_REDIS_URL', 'redis')
}

/**
 * For `describe(…, { skip: skipped('redis') }, …)`: the reason to skip when `SPOOR_SKIP_SERVICES` names the service,
 * and false in every other case, so that a server that is merely missing fails the suite.
 */
export function skipped(service: 'postgres' | 'redis' | 'chromium'): string | false {
  const names = (process.env.SPOOR_SKIP_SERVICES ?? '').split(',').map((name) => name.trim())
  return names.includes(service) && `SPOOR_SKIP_SERVICES names ${service}`
}

function address(variable: string, service: string): string {
  const value = process.env[variable]
  if (value) return value
  throw new Error(
    `This test needs ${service}, and ${variable} is not set. ` +
      `Run it through \`npm test -- ${service}\`, which starts the servers, or set ${variable} yourself.`,
  )
}
