// A: the smallest server there is. What remains is what tracing costs a request.
const { createServer } = require('node:http')

const server = createServer((_request, response) => {
  response.setHeader('content-type', 'text/plain')
  response.end('hello')
})

server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`))
