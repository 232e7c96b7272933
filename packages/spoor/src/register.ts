/**
 * `node --import spoor/register app.js`, `node -r spoor/register app.js`: traces everything, configured by the
 * environment and by files. A mistake there is told on stderr; the application then runs untraced.
 */
import type { SpoorError } from './api/errors.ts'
import { init } from './init.ts'

try {
  init()
} catch (error) {
  const { code, message } = error as Partial<SpoorError>
  console.error(`spoor: tracing is off: ${message}${code === undefined ? '' : ` [${code}]`}`)
}
