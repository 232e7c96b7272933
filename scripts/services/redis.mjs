import { findProgram, freePort, startServer, temporaryFolder } from './server.mjs'

/** Redis (or Valkey, its free successor), without persistence, on loopback. */
export const redis = {
  name: 'redis',
  variable: 'SPOOR_TEST_REDIS_URL',
  packages: ['redis-server'],

  find: () => findProgram(['redis-server', 'valkey-server'], ['/opt/homebrew/bin', '/usr/local/bin']),

  async start(command) {
    const port = await freePort()
    const folder = temporaryFolder('redis')
    const args = [
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      folder,
    ]
    const stop = await startServer({
      name: 'redis',
      command,
      args,
      ready: /ready to accept connections/i,
      folder,
    })
    return { value: `redis://127.0.0.1:${port}`, stop }
  },
}
