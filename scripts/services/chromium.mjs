import { findProgram } from './server.mjs'

const folders = [
  '/snap/bin',
  '/Applications/Chromium.app/Contents/MacOS',
  '/Applications/Google Chrome.app/Contents/MacOS',
  'C:\\Program Files\\Google\\Chrome\\Application',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application',
]
const names = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'Chromium',
  'Google Chrome',
  'chrome',
  'msedge',
]

/** A browser for the viewer's page. Tests start it themselves; here it is only found. */
export const chromium = {
  name: 'chromium',
  variable: 'CHROMIUM_PATH',
  packages: ['chromium'],
  find: () => findProgram(names, folders),
  start: async (path) => ({ value: path }),
}
