// C: Fastify 5 and a route with a parameter.
const fastify = require('fastify')

const app = fastify()
app.get('/users/:id', async (request) => ({ id: request.params.id, name: 'anonymous' }))

app.listen({ port: 0, host: '127.0.0.1' }).then(
  () => console.log(`listening ${app.server.address().port}`),
  (error) => {
    console.error(error)
    process.exit(1)
  },
)
