// B: Express 5, three middlewares and a route with a parameter.
const express = require('express')

const app = express()
app.disable('x-powered-by')

app.use((request, _response, next) => {
  request.receivedAt = Date.now()
  next()
})
app.use((request, _response, next) => {
  request.user = request.headers.authorization ?? 'anonymous'
  next()
})
app.use((_request, response, next) => {
  response.setHeader('cache-control', 'no-store')
  next()
})
app.get('/users/:id', (request, response) => {
  response.json({ id: request.params.id, name: request.user })
})

const server = app.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`))
