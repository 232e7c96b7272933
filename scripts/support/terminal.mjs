/**
 * What the scripts say while they work: one line per step, with a mark, a name and how long it took.
 * Everything goes to standard error, so that a script's own output stays clean in a pipe.
 */
import { stderr } from 'node:process'
import { styleText } from 'node:util'

/** Whether colours and moving lines are welcome: https://no-color.org and a terminal that can. */
export const coloured = (stream = stderr) =>
  !process.env.NO_COLOR &&
  (Boolean(process.env.FORCE_COLOR) || (stream.isTTY === true && process.env.TERM !== 'dumb'))

/** `paint('red', text)`, or the plain text where colours are not welcome. */
export const paint = (style, text, stream = stderr) =>
  coloured(stream) ? styleText(style, String(text), { validateStream: false }) : String(text)

export const say = (line = '') => stderr.write(`${line}\n`)

/** A duration as people say it: `38 ms`, `2.4 s`, `1 m 12 s`. */
export function elapsed(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`
  return `${Math.floor(milliseconds / 60_000)} m ${Math.round((milliseconds % 60_000) / 1000)} s`
}

/**
 * Runs `work` and shows it: a spinner that counts the seconds on a terminal, one finished line elsewhere.
 * A step that throws is marked as failed and throws on. What `work` returns is returned; if it is a string,
 * it is shown as the step's result.
 */
export async function step(name, work) {
  const started = performance.now()
  const spinner = startSpinner(name, started)
  try {
    const result = await work()
    spinner.stop()
    say(finished('green', '✔', name, started, typeof result === 'string' ? result : ''))
    return result
  } catch (error) {
    spinner.stop()
    say(finished('red', '✖', name, started, ''))
    throw error
  }
}

/** A thing the person at the keyboard can put right: printed as it is, without a stack. */
export class Trouble extends Error {
  name = 'Trouble'
}

/** Runs a script's main function: a `Trouble` becomes its message and exit code 1, anything else keeps its stack. */
export async function main(work) {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Trouble)) throw error
    say(`\n${paint('red', error.message)}`)
    process.exitCode = 1
  }
}

function finished(style, mark, name, started, result) {
  const time = paint('dim', elapsed(performance.now() - started))
  return `${paint(style, mark)} ${name}${result && ` ${paint('dim', '·')} ${result}`} ${paint('dim', '·')} ${time}`
}

function startSpinner(name, started) {
  if (!coloured() || !stderr.isTTY) return { stop() {} }
  const frames = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'
  let frame = 0
  const draw = () => {
    const time = paint('dim', elapsed(performance.now() - started))
    stderr.write(`\r\x1b[2K${paint('cyan', frames[frame++ % frames.length])} ${name} ${time}`)
  }
  draw()
  const timer = setInterval(draw, 100)
  timer.unref()
  return {
    stop() {
      clearInterval(timer)
      stderr.write('\r\x1b[2K')
    },
  }
}
