/** Everything known of one span: beside the waterfall, or below it on a narrow screen. */
import type { ComponentChildren, VNode } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { SpanDetail } from '../../api.ts'
import { serviceClass } from '../colour.ts'
import { clock, duration, moment, offset } from '../format.ts'
import { CopyButton } from '../shell/copy.tsx'
import { Icon } from '../shell/icon.tsx'
import type { SpanDetails } from '../trace/details.ts'
import { Mark } from '../trace/tree.ts'
import type { TraceView } from '../trace/view.ts'
import { AttributeTable } from './attributes.tsx'
import { EventList } from './events.tsx'
import { LinkList } from './links.tsx'
import { LongText } from './long-text.tsx'

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']

interface PanelProps {
  readonly view: TraceView
  readonly details: SpanDetails
  readonly spanId: string
  readonly onClose: () => void
}

export function DetailPanel({ view, details, spanId, onClose }: PanelProps): VNode {
  const panel = useRef<HTMLElement>(null)
  const span = view.indexOf(spanId)
  useEffect(() => {
    if (panel.current) panel.current.scrollTop = 0
  }, [spanId])
  const tree = view.tree.value
  const service = span >= 0 ? tree.services[span]! : ''
  return (
    <aside class={`detail ${serviceClass(service)}`} aria-label="Span" ref={panel}>
      <header class="detail-header">
        <div>
          <p class="service-name">{service || 'unknown service'}</p>
          <h2>{span >= 0 ? tree.names[span] || '(no name)' : 'Not in this trace'}</h2>
        </div>
        <button
          type="button"
          class="quiet icon-only"
          onClick={onClose}
          title="Close (Esc)"
          aria-label="Close"
        >
          <Icon name="close" />
        </button>
      </header>
      {span < 0 ? (
        <p class="detail-note">
          The span <code>{spanId}</code> is not in this trace, or has not arrived yet.
        </p>
      ) : (
        <>
          <Summary view={view} span={span} />
          <Rest details={details} view={view} span={span} />
        </>
      )}
    </aside>
  )
}

/** What the skeleton knows already, so that the panel is never empty while the rest loads. */
function Summary({ view, span }: { view: TraceView; span: number }): VNode {
  const tree = view.tree.value
  const length = tree.durations[span]!
  const own = tree.selfTimes[span]!
  const parent = tree.parents[span]!
  const start = String(BigInt(tree.start) + BigInt(Math.round(tree.starts[span]!)))
  return (
    <dl class="summary">
      <Fact name="Duration">{duration(length)}</Fact>
      <Fact name="Self time" title="Time in which no child of the span was running">
        {duration(own)} {length > 0 && <span class="faint">{Math.round((own / length) * 100)} %</span>}
      </Fact>
      <Fact name="Starts" title={moment(start)}>
        {offset(tree.starts[span]!)} <span class="faint">{clock(start)}</span>
      </Fact>
      <Fact name="Kind">{KINDS[tree.kinds[span]!] ?? 'unspecified'}</Fact>
      <Fact name="Span id">
        <code>{tree.spanId[span]}</code>
        <CopyButton text={tree.spanId[span]!} label="the span id" />
      </Fact>
      <Fact name="Parent">
        {parent >= 0 ? (
          <button type="button" class="link" onClick={() => view.goTo(parent)}>
            {tree.names[parent] || tree.spanId[parent]}
          </button>
        ) : tree.marks[span]! & Mark.orphan ? (
          <>
            <code>{tree.missingParentIds[span]}</code> <span class="badge">has not arrived</span>
          </>
        ) : (
          <span class="faint">
            none: this is {tree.marks[span]! & Mark.circular ? 'shown as ' : ''}a root
          </span>
        )}
      </Fact>
      <ClockNotes view={view} span={span} />
    </dl>
  )
}

interface FactProps {
  readonly name: string
  readonly title?: string
  /** Takes the whole width instead of half of it. */
  readonly wide?: boolean
  readonly children: ComponentChildren
}

function Fact({ name, title, wide = false, children }: FactProps): VNode {
  return (
    <div class={wide ? 'wide' : ''} title={title}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

function ClockNotes({ view, span }: { view: TraceView; span: number }): VNode | null {
  const { marks, starts, durations, parents } = view.tree.value
  const parent = parents[span]!
  if (parent < 0) return null
  const notes: string[] = []
  if (marks[span]! & Mark.early) {
    const by = duration(starts[parent]! - starts[span]!)
    notes.push(
      `Starts ${by} before its parent: their clocks differ, or the parent was begun late. Times are shown as sent.`,
    )
  }
  if (marks[span]! & Mark.late) {
    const by = duration(starts[span]! + durations[span]! - starts[parent]! - durations[parent]!)
    notes.push(`Goes on for ${by} after its parent has ended.`)
  }
  if (notes.length === 0) return null
  return (
    <Fact name="Clock" wide>
      {notes.join(' ')}
    </Fact>
  )
}

function Rest({ details, view, span }: { details: SpanDetails; view: TraceView; span: number }): VNode {
  const loaded = details.of(view.tree.value.spanId[span]!).value
  if (loaded === null) return <p class="detail-note faint">Loading…</p>
  if ('failure' in loaded) {
    return (
      <p class="detail-note" role="alert">
        {loaded.failure.message}{' '}
        <button type="button" class="link" onClick={() => details.retry()}>
          Try again
        </button>
      </p>
    )
  }
  const { detail } = loaded
  return (
    <>
      <StatusNote detail={detail} />
      <Section
        title="Attributes"
        count={Object.keys(detail.attributes).length}
        dropped={detail.droppedAttributes}
        open
      >
        <AttributeTable attributes={detail.attributes} />
      </Section>
      <Section title="Events" count={detail.events.length} dropped={detail.droppedEvents} open>
        <EventList events={detail.events} />
      </Section>
      <Section title="Links" count={detail.links.length} dropped={detail.droppedLinks} open>
        <LinkList links={detail.links} traceId={detail.traceId} />
      </Section>
      <Section title="Resource" count={Object.keys(detail.resource).length} dropped={0}>
        <AttributeTable attributes={detail.resource} />
      </Section>
      <Origin detail={detail} />
    </>
  )
}

function StatusNote({ detail }: { detail: SpanDetail }): VNode | null {
  const { code, message } = detail.status
  if (code !== 2 && message === '') return code === 1 ? <p class="status ok">Status: ok</p> : null
  return (
    <div class={`status ${code === 2 ? 'failed' : ''}`}>
      <Icon name={code === 2 ? 'error' : 'check'} />
      <LongText text={message || 'Failed, without a message'} />
    </div>
  )
}

interface SectionProps {
  readonly title: string
  readonly count: number
  /** How many the sender threw away to stay within its limits. */
  readonly dropped: number
  readonly open?: boolean
  readonly children: ComponentChildren
}

function Section({ title, count, dropped, open = false, children }: SectionProps): VNode | null {
  if (count === 0 && dropped === 0) return null
  return (
    <details class="section" open={open}>
      <summary>
        <Icon name="chevron" />
        <h3>{title}</h3> <span class="faint">{count}</span>
        {dropped > 0 && (
          <span class="badge" title="The sender dropped these to stay within its limits">
            {dropped} dropped
          </span>
        )}
      </summary>
      {children}
    </details>
  )
}

function Origin({ detail }: { detail: SpanDetail }): VNode {
  const { name, version } = detail.scope
  return (
    <dl class="summary origin">
      {name && (
        <Fact name="Scope">
          {name} <span class="faint">{version}</span>
        </Fact>
      )}
      <Fact name="Trace id" wide>
        <code>{detail.traceId}</code>
        <CopyButton text={detail.traceId} label="the trace id" />
      </Fact>
      {detail.traceState && <Fact name="Trace state">{detail.traceState}</Fact>}
      <Fact name="Flags">
        <code>{(detail.flags & 0xff).toString(16).padStart(2, '0')}</code>{' '}
        <span class="faint">{detail.flags & 1 ? 'sampled' : 'not marked as sampled'}</span>
      </Fact>
      <Fact name="As JSON">
        <CopyButton text={() => JSON.stringify(detail, null, 2)} label="the span as JSON" />
      </Fact>
    </dl>
  )
}
