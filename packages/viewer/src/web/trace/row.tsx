// biome-ignore-all lint/a11y/useSemanticElements: rows that come and go with the scroll position cannot be a <table>
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid has the focus and names a row as its active descendant
/** One span: its place in the tree, its bar in time. */
import type { VNode } from 'preact'
import { serviceClass } from '../colour.ts'
import { count, duration, plural } from '../format.ts'
import { Icon } from '../shell/icon.tsx'
import { treeWidth } from './column-handle.tsx'
import type { SpanDetails } from './details.ts'
import { guides, indentStep } from './guides.ts'
import { Highlight } from './highlight.tsx'
import { narrow } from './narrow.ts'
import { Mark } from './tree.ts'
import type { TraceView } from './view.ts'

const LABEL_PIXELS = 64

interface SpanRowProps {
  readonly view: TraceView
  readonly details: SpanDetails
  readonly span: number
  readonly row: number
  readonly rowHeight: number
  readonly timeWidth: number
  readonly selected: boolean
  readonly onSelect: (spanId: string) => void
}

export function SpanRow(props: SpanRowProps): VNode {
  const { view, span, row, rowHeight, selected, onSelect } = props
  const tree = view.tree.value
  const id = tree.spanId[span]!
  const parent = tree.parents[span]!
  const marks = tree.marks[span]!
  const children = tree.childCounts[span]!
  const spotlight = view.spotlight.value
  const classes = [
    'span-row',
    serviceClass(tree.services[span]!),
    marks & Mark.error && 'failed',
    selected && 'selected',
    view.cursor.value === span && 'cursor',
    view.isMatch(span) && 'match',
    spotlight && tree.services[span] === spotlight && 'lit',
  ]
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the page's keys do the same
    <div
      id={`span-${id}`}
      class={classes.filter(Boolean).join(' ')}
      role="row"
      aria-level={tree.depths[span]! + 1}
      aria-expanded={children > 0 ? !view.isShut(span) : undefined}
      aria-rowindex={row + 2}
      aria-posinset={tree.ordinals[span]! + 1}
      aria-setsize={parent < 0 ? undefined : tree.childCounts[parent]}
      aria-selected={selected}
      style={{ transform: `translateY(${row * rowHeight}px)` }}
      onClick={() => {
        // Letting go after marking some text is no press.
        if (getSelection()?.toString()) return
        view.moveTo(span)
        onSelect(id)
      }}
    >
      <TreeCell {...props} />
      <TimeCell {...props} />
    </div>
  )
}

function TreeCell({ view, span, rowHeight }: SpanRowProps): VNode {
  const tree = view.tree.value
  const parent = tree.parents[span]!
  const marks = tree.marks[span]!
  const newService = parent < 0 || tree.services[parent] !== tree.services[span]
  const step = indentStep(tree.deepest, narrow.value ? 120 : treeWidth.value)
  const shut = view.isShut(span)
  const { path, width, level } = guides(tree, span, shut, step, rowHeight, narrow.value ? 13 : rowHeight / 2)
  const failedBelow = shut ? view.errorsBelow(span) : 0
  return (
    <div class="tree-cell" role="gridcell">
      <svg class="guides" width={width} height={rowHeight} aria-hidden="true">
        <path d={path} />
      </svg>
      <span class="tree-content" style={{ paddingLeft: `${level * step}px` }}>
        {tree.childCounts[span]! > 0 ? (
          <button
            type="button"
            class={`twist ${shut ? 'shut' : ''}`}
            tabIndex={-1}
            aria-label={shut ? 'Open the branch' : 'Shut the branch'}
            onClick={(event) => {
              event.stopPropagation()
              view.toggle(span)
            }}
          >
            <Icon name="chevron" />
          </button>
        ) : (
          <span class="leaf" />
        )}
        <span class="strip" />
        {newService && (
          <span class="service-name">
            <Highlight text={tree.services[span] || 'unknown service'} query={view.query.value} />
          </span>
        )}
        <span class="span-name" title={tree.names[span]}>
          <Highlight text={tree.names[span] || '(no name)'} query={view.query.value} />
        </span>
        {(marks & Mark.error) !== 0 && (
          <span class="row-mark error-mark" title="Failed">
            <Icon name="error" />
            <span class="visually-hidden">failed</span>
          </span>
        )}
        {(marks & Mark.orphan) !== 0 && (
          <span class="row-mark" title={`Its parent ${tree.missingParentIds[span]} has not arrived`}>
            <span class="badge">missing parent</span>
          </span>
        )}
        {(marks & Mark.circular) !== 0 && (
          <span class="badge" title="Its parents lead back to itself; shown as a root">
            circular parents
          </span>
        )}
        {(marks & Mark.early) !== 0 && (
          <span class="row-mark" title={earlyWords(view, span)}>
            <Icon name="skew" />
            <span class="visually-hidden">starts before its parent</span>
          </span>
        )}
        {shut && (
          <span
            class={`badge hidden-rows ${failedBelow > 0 ? 'failed' : ''}`}
            title={hiddenWords(view, span)}
          >
            {count(tree.branchEnd[span]! - tree.position[span]! - 1)}
          </span>
        )}
      </span>
    </div>
  )
}

function TimeCell({ view, details, span, timeWidth }: SpanRowProps): VNode {
  const tree = view.tree.value
  const { from, to } = view.range.value
  const start = tree.starts[span]!
  const length = tree.durations[span]!
  const left = (start - from) / (to - from)
  const right = (start + length - from) / (to - from)
  const inSight = right >= 0 && left <= 1
  // Bars are cut to a little more than the screen: a million per cent is too wide for some browsers to draw.
  const barLeft = Math.max(-0.01, left)
  const barRight = Math.min(1.01, right)
  const side = labelSide(left, right, timeWidth)
  const anchor = side === 'before' ? Math.max(0, left) : Math.min(1, right)
  return (
    <div class="time-cell" role="gridcell">
      {inSight && (
        <>
          <span
            class={`bar ${left < 0 ? 'cut-left' : ''} ${right > 1 ? 'cut-right' : ''}`}
            style={{ left: `${barLeft * 100}%`, width: `${(barRight - barLeft) * 100}%` }}
          />
          {tree.events[span]! > 0 && <EventTicks view={view} details={details} span={span} />}
        </>
      )}
      {!inSight && <span class={`outside ${left > 1 ? 'later' : 'earlier'}`} aria-hidden="true" />}
      <span
        class={`duration-label ${inSight ? side : 'hidden'}`}
        style={{ '--at': `${anchor * 100}%` }}
        title={`from ${duration(start)} to ${duration(start + length)}`}
      >
        {duration(length)}
      </span>
    </div>
  )
}

/** The moments of the span's events, as soon as its details are here. */
function EventTicks({
  view,
  details,
  span,
}: {
  view: TraceView
  details: SpanDetails
  span: number
}): VNode | null {
  const tree = view.tree.value
  const loaded = details.peek(tree.spanId[span]!)
  if (!loaded || !('detail' in loaded)) return null
  const { from, to } = view.range.value
  const places = loaded.detail.events
    .slice(0, 200)
    .map(({ name, offset }) => ({ name, place: (tree.starts[span]! + offset - from) / (to - from) }))
    .filter(({ place }) => place >= 0 && place <= 1)
  return (
    <>
      {places.map(({ name, place }, index) => (
        <i key={index} class="event-tick" title={name} style={{ left: `${place * 100}%` }} />
      ))}
    </>
  )
}

function labelSide(left: number, right: number, width: number): 'after' | 'before' | 'inside' {
  if ((1 - right) * width > LABEL_PIXELS) return 'after'
  if (left * width > LABEL_PIXELS) return 'before'
  return 'inside'
}

function earlyWords(view: TraceView, span: number): string {
  const { starts, parents } = view.tree.value
  const by = duration(starts[parents[span]!]! - starts[span]!)
  return `Starts ${by} before its parent: the clocks of the two differ, or the parent was begun late`
}

function hiddenWords(view: TraceView, span: number): string {
  const { branchEnd, position } = view.tree.value
  const failed = view.errorsBelow(span)
  const hidden = plural(branchEnd[span]! - position[span]! - 1, 'hidden span')
  return failed > 0 ? `${hidden}, ${count(failed)} failed` : hidden
}
