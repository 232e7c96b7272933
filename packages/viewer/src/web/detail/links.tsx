import type { VNode } from 'preact'
import type { SpanDetail } from '../../api.ts'
import { AttributeTable } from './attributes.tsx'

/** Spans that this one points to without being their child, in this trace or another. */
export function LinkList({ links, traceId }: { links: SpanDetail['links']; traceId: string }): VNode {
  return (
    <ul class="links">
      {links.map((link, index) => (
        <li key={index}>
          <a href={`/traces/${encodeURIComponent(link.traceId)}?span=${encodeURIComponent(link.spanId)}`}>
            {link.traceId === traceId ? 'span in this trace' : `trace ${link.traceId.slice(0, 8)}…`}{' '}
            <code>{link.spanId}</code>
          </a>
          {Object.keys(link.attributes).length > 0 && <AttributeTable attributes={link.attributes} />}
        </li>
      ))}
    </ul>
  )
}
