/** A viewer in a process of its own, for tests that kill it. */
import { startViewer } from '../../dist/index.js'

const viewer = await startViewer({ otlpPort: 0, uiPort: 0, store: process.argv[2]! })
process.send!(viewer)
