/** Sends mail, or says so: plain `node:http`, no framework. */
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { announce } from './settings.js'

const server = createServer(async (request, response) => {
  if (request.method !== 'POST' || request.url !== '/mails')
    return answer(response, 404, { error: 'Not found.' })
  let text = ''
  for await (const chunk of request) text += chunk
  const { to } = JSON.parse(text)
  await deliver(to)
  answer(response, 202, { accepted: true })
})

server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => announce('mailer', server))

/** Some mail servers take their time. */
const deliver = (to) => sleep(to.endsWith('@slow.example') ? 600 : 25)

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
