/** What every service of the shop needs at its start and end. */

/** The value of an environment variable, or the end of the program with a sentence that says what is missing. */
export function setting(name) {
  const value = process.env[name]
  if (value) return value
  console.error(`${name} is not set. Start the shop with \`npm start\` in the repository's folder.`)
  process.exit(2)
}

/** Says where the service listens, and ends it when asked to, requests under way first. */
export function announce(name, server, close = () => server.close()) {
  console.log(`${name} listens on http://127.0.0.1:${server.address().port}`)
  const end = () => {
    close()
    server.closeIdleConnections()
    setTimeout(() => process.exit(), 1000).unref()
  }
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
}
