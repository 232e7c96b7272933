// The other service that application D calls. It is never traced and runs on the core of the load.
import { createServer } from 'node:http'

const body = Buffer.from(JSON.stringify({ amount: 1250, currency: 'EUR' }))

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
  response.end(body)
})
server.keepAliveTimeout = 60_000

server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`))
