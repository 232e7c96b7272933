import * as runner from 'node:test'
import { describe } from 'node:test'
import { init, shutdown } from 'spoor'
import { describeInstrumentation } from 'spoor/testing'
import { pg } from '../../dist/esm/instrumentations/pg.js'
import { postgresUrl, skipped } from '../support/services.ts'
import { load } from './support/web.ts'

const { hostname, port } = skipped('postgres') ? { hostname: '', port: '' } : new URL(postgresUrl())

for (const name of ['pg', 'pg80']) {
  for (const way of ['Client', 'Pool']) {
    describe(`${way} of ${name} on a real server`, { skip: skipped('postgres') }, () => {
      describeInstrumentation(runner, {
        tracing: { init, shutdown },
        table: pg,
        load: () => load(name),
        open: async (library) => {
          const client = new library[way]({ connectionString: postgresUrl(), max: 2 })
          if (way === 'Client') await client.connect()
          else await client.query('SELECT 1')
          return client
        },
        close: (client) => client.end(),
        call: (client, secret) => client.query(`SELECT '${secret}', $1::text AS name`, [secret]),
        fails: (client) => client.query('SELECT nothing FROM nowhere'),
        callback: (client, done) => client.query('SELECT 1', done),
        methods: (library) => [
          [library.Client.prototype, 'query'],
          [Object.getPrototypeOf(library.Pool.prototype), 'connect'],
        ],
        expect: {
          status: '42P01',
          name: 'SELECT',
          attributes: {
            'db.system.name': 'postgresql',
            'db.operation.name': 'SELECT',
            'db.query.summary': 'SELECT',
            'db.query.text': 'SELECT ?, $1::text AS name',
            'db.namespace': 'postgres',
            'db.response.returned_rows': 1,
            'server.address': hostname,
            'server.port': Number(port),
          },
          tags: {
            component: 'postgresql',
            'db.type': 'sql',
            'db.statement': 'SELECT ?, $1::text AS name',
            'db.instance': 'postgres',
            'db.user': 'spoor',
            'peer.hostname': hostname,
            'peer.port': Number(port),
          },
        },
      })
    })
  }
}
