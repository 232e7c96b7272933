import * as runner from 'node:test'
import { describe } from 'node:test'
import { init, shutdown } from 'spoor'
import { describeInstrumentation } from 'spoor/testing'
import { ioredis } from '../../dist/esm/instrumentations/ioredis.js'
import { redisUrl, skipped } from '../support/services.ts'
import { load } from './support/web.ts'

const { hostname, port } = skipped('redis') ? { hostname: '', port: '' } : new URL(redisUrl())

for (const name of ['ioredis', 'ioredis5', 'ioredis4']) {
  describe(`${name} on a real server`, { skip: skipped('redis') }, () => {
    describeInstrumentation(runner, {
      tracing: { init, shutdown },
      table: ioredis,
      load: () => load(name),
      open: async (Redis) => {
        const client = new Redis(redisUrl())
        await client.ping()
        return client
      },
      close: (client) => client.disconnect(),
      call: (client, secret) => client.set('kit', secret),
      fails: (client) => client.lpush('kit', 'x'),
      callback: (client, done) => client.get('kit', done),
      methods: (Redis) => [
        [Redis.prototype, 'sendCommand'],
        [Redis.Pipeline.prototype, 'sendCommand'],
        [Redis.Cluster.prototype, 'sendCommand'],
      ],
      expect: {
        status: 'WRONGTYPE',
        name: 'SET',
        attributes: {
          'db.system.name': 'redis',
          'db.operation.name': 'SET',
          'db.query.text': 'SET kit ?',
          'db.namespace': '0',
          'server.address': hostname,
          'server.port': Number(port),
        },
        tags: {
          component: 'redis',
          'db.type': 'redis',
          'db.statement': 'SET kit ?',
          'db.instance': '0',
          'peer.hostname': hostname,
          'peer.port': Number(port),
        },
      },
    })
  })
}
