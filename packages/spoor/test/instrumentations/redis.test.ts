import * as runner from 'node:test'
import { describe } from 'node:test'
import { init, shutdown } from 'spoor'
import { describeInstrumentation } from 'spoor/testing'
import { redis } from '../../dist/esm/instrumentations/redis.js'
import { redisUrl, skipped } from '../support/services.ts'
import { load } from './support/web.ts'

const { hostname, port } = skipped('redis') ? { hostname: '', port: '' } : new URL(redisUrl())

for (const name of ['redis', 'redis5', 'redis58', 'redis4']) {
  describe(`${name} on a real server`, { skip: skipped('redis') }, () => {
    describeInstrumentation(runner, {
      tracing: { init, shutdown },
      table: redis,
      load: () => load(name),
      open: (library) => library.createClient({ url: redisUrl() }).connect(),
      close: (client) => (client.destroy ?? client.disconnect).call(client),
      call: (client, secret) => client.set('kit', secret),
      fails: (client) => client.lPush('kit', 'x'),
      expect: {
        status: 'WRONGTYPE',
        name: 'SET',
        attributes: {
          'db.system.name': 'redis',
          'db.operation.name': 'SET',
          'db.query.text': 'SET kit ?',
          'server.address': hostname,
          'server.port': Number(port),
        },
        tags: {
          component: 'redis',
          'db.type': 'redis',
          'db.statement': 'SET kit ?',
          'peer.hostname': hostname,
          'peer.port': Number(port),
        },
      },
    })
  })
}
