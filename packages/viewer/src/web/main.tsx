/** The page: a frame around either the list of traces or one trace. */
import { render, type VNode } from 'preact'
import { ListPage } from './list/page.tsx'
import { listen } from './live.ts'
import { followLinks, place } from './router.ts'
import { Frame } from './shell/frame.tsx'
import { NotFound } from './shell/notice.tsx'
import { watchStatus } from './shell/status.ts'
import { TracePage } from './trace/page.tsx'

function App(): VNode {
  const { path } = place.value
  // Ids are hexadecimal; anything else cannot be a trace and is not asked for.
  const traceId = /^\/traces\/([0-9a-f]{1,64})\/?$/i.exec(path)?.[1]?.toLowerCase()
  if (traceId) {
    return (
      <Frame>
        <TracePage key={traceId} traceId={traceId} />
      </Frame>
    )
  }
  return <Frame>{path === '/' || path === '/traces' ? <ListPage /> : <NotFound />}</Frame>
}

const root = document.getElementById('app')!
followLinks(root)
listen()
watchStatus()
render(<App />, root)
