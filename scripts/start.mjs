/**
 * `npm start`: the journey. Sets everything up, starts the viewer and a small shop of four services, sends customers
 * through it, shows the trace of one of them, and stays until Ctrl-C.
 *
 *     npm start
 *     npm start -- --open            opens the viewer in a browser
 *     npm start -- --once            checks every trace and ends: exit code 0 only if each came back complete
 *     npm start -- --port 8080       the shop's port (a free one otherwise)
 *     npm start -- --patience 30     how many seconds the last trace may take to arrive, 15 otherwise
 *     npm start -- --viewer-port 0 --otlp-port 0   the viewer's, 4319 and 4318 otherwise; 0 is a free one
 */
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { checkTraces } from '../examples/journey/tour/check.mjs'
import { isFree, startShop } from '../examples/journey/tour/shop.mjs'
import { readTraces } from '../examples/journey/tour/traces.mjs'
import { makeVisits, visits } from '../examples/journey/tour/visits.mjs'
import { bootstrap } from './bootstrap.mjs'
import { coloured, main, paint, say, step, Trouble } from './support/terminal.mjs'

await main(async () => {
  const options = readOptions()
  await bootstrap()
  const ending = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => ending.abort())
  const ended = new Promise((settle) => ending.signal.addEventListener('abort', settle))
  const running = []
  let outcome
  try {
    outcome = await Promise.race([journey(options, running, ending), ended])
    if (!options.once) await ended
  } finally {
    for (const { stop } of running.reverse()) await stop()
  }
  const cause = ending.signal.reason
  if (cause instanceof Trouble) throw cause
  if (options.once && outcome !== 'complete') process.exitCode = 1
})

/**
 * From nothing to a trace on screen. What it starts, it puts into `running` at once, so that an end in the middle
 * ends that too.
 *
 * @returns {Promise<'complete' | 'incomplete'>}
 */
async function journey(options, running, ending) {
  const viewer = await step('Starting the viewer', () => openViewer(options, running))
  const shop = await step('Starting the shop: four services and a database', async () => {
    const onDeath = (message) => ending.abort(new Trouble(message))
    const shop = await startShop({ otlpUrl: viewer.otlpUrl, port: options.port, onDeath })
    running.push(shop)
    await shop.ready
    return shop
  })
  const made = await step(`Sending ${visits.length} customers through it`, () => makeVisits(shop.url))
  const { pairs, problems } = await step('Collecting their traces', () => collect(viewer.url, made, options))

  const shown = pairs.find(({ visit }) => visit.shown)
  if (shown.trace) await show(shown)
  const spans = pairs.reduce((sum, { trace }) => sum + (trace?.spans.length ?? 0), 0)
  const services = new Set(pairs.flatMap(({ trace }) => trace?.spans.map(({ service }) => service) ?? []))
  const figures = `${pairs.length} traces, ${spans} spans, ${services.size} services`
  if (problems.length > 0) {
    say(paint('red', `\nNot every trace is complete (${figures}):`))
    for (const problem of problems) say(`  ${paint('red', '✖')} ${problem}`)
  } else {
    say(`\n${paint('green', '✔')} Every trace is complete: ${figures}.`)
  }
  if (!options.once) invite(viewer.url, shop.url, options)
  return problems.length === 0 ? 'complete' : 'incomplete'
}

async function openViewer(options, running) {
  const { startViewer } = await import('spoor-viewer')
  const uiPort = await preferred(options['viewer-port'], 4319)
  const otlpPort = await preferred(options['otlp-port'], 4318)
  const viewer = await startViewer({ uiPort: uiPort.port, otlpPort: otlpPort.port, store: ':memory:' })
  running.push({ stop: () => viewer.close() })
  for (const { note } of [uiPort, otlpPort]) if (note) say(paint('yellow', note))
  return viewer
}

/** The port that was asked for; else the usual one, or any free one with a note if somebody has it. */
async function preferred(asked, usual) {
  if (asked !== undefined) return { port: Number(asked) }
  if (await isFree(usual)) return { port: usual }
  return { port: 0, note: `Port ${usual} is taken, so the viewer uses a free one.` }
}

/** Asks the viewer until every trace is as it should be, or until patience ends; then says what is still missing. */
async function collect(viewerUrl, made, { patience }) {
  const deadline = Date.now() + Number(patience) * 1000
  for (;;) {
    const result = checkTraces(made, await readTraces(viewerUrl))
    if (result.problems.length === 0 || Date.now() > deadline) return result
    await sleep(100)
  }
}

async function show({ visit, trace }) {
  const { renderWaterfall } = await import('spoor/export')
  const spans = trace.spans.map((span) => ({
    spanId: span.spanId,
    parentSpanId: span.parent?.spanId ?? '',
    name: span.name,
    service: span.service,
    startTime: span.start,
    endTime: span.start + span.duration,
    error: span.failed,
    message: span.detail.events.find(({ name }) => name === 'exception')?.attributes['exception.message'],
  }))
  const color = coloured(process.stdout)
  const drawn = renderWaterfall(spans, { width: Math.min(process.stdout.columns ?? 100, 140), color })
  say(`\nA customer ${visit.title}:\n`)
  process.stdout.write(drawn)
}

function invite(viewerUrl, shopUrl, { open }) {
  say()
  say(`  The viewer  ${paint(['bold', 'underline'], viewerUrl)}`)
  say(`  The shop    ${paint(['bold', 'underline'], shopUrl)}`)
  say(`\n  ${paint('dim', 'Order something and watch its trace arrive. Ctrl-C ends it all.')}`)
  if (open) openBrowser(viewerUrl)
}

function openBrowser(url) {
  const openers = { darwin: ['open', url], win32: ['cmd', '/c', 'start', '', url] }
  const [command, ...args] = openers[process.platform] ?? ['xdg-open', url]
  const browser = spawn(command, args, { stdio: 'ignore', detached: true })
  browser.on('error', () => say(`  No browser could be opened; the address is above.`))
  browser.unref()
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        once: { type: 'boolean', default: false },
        open: { type: 'boolean', default: false },
        port: { type: 'string' },
        'viewer-port': { type: 'string' },
        'otlp-port': { type: 'string' },
        patience: { type: 'string', default: '15' },
      },
    })
    if (!(Number(values.patience) >= 0)) throw new Error(`--patience takes seconds, not "${values.patience}"`)
    for (const name of ['port', 'viewer-port', 'otlp-port']) {
      const value = values[name]
      if (value === undefined || (/^\d+$/.test(value) && Number(value) < 65536)) continue
      throw new Error(`--${name} takes a port number from 0 to 65535, not "${value}"`)
    }
    return { ...values, ...(values.port && { port: Number(values.port) }) }
  } catch (error) {
    throw new Trouble(
      `${error.message}\nOptions: --once, --open, --port <n>, --viewer-port <n>, --otlp-port <n>, --patience <s>`,
    )
  }
}
