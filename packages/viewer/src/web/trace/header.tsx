/** The trace's name and figures, its services as a legend, and what can be done with the whole of it. */
import type { VNode } from 'preact'
import { downloadHref } from '../client.ts'
import { serviceClass } from '../colour.ts'
import { ago, clock, count, duration, moment, plural } from '../format.ts'
import { goBack } from '../router.ts'
import { CopyButton } from '../shell/copy.tsx'
import { Icon } from '../shell/icon.tsx'
import { FindField } from './find.tsx'
import { Mark, type Tree } from './tree.ts'
import type { TraceView } from './view.ts'

export function TraceHeader({ view }: { view: TraceView }): VNode {
  const tree = view.tree.value
  const root = tree.preorder[0]!
  return (
    <header class="trace-header">
      <div class="trace-heading">
        <button
          type="button"
          class="quiet icon-only"
          onClick={() => goBack('/')}
          title="All traces (u)"
          aria-label="All traces"
        >
          <Icon name="back" />
        </button>
        <h1 class={serviceClass(tree.services[root]!)}>
          <span class="service-name">{tree.services[root] || 'unknown service'}</span>
          <span class="trace-name">{tree.names[root] || '(no name)'}</span>
        </h1>
        <Incomplete tree={tree} />
        <div class="trace-actions">
          <CopyButton text={tree.traceId} label="the trace id" />
          <a
            class="button quiet icon-only"
            href={downloadHref(tree.traceId)}
            download={`trace-${tree.traceId}.json`}
            title="Download as OTLP JSON"
            aria-label="Download as OTLP JSON"
          >
            <Icon name="download" />
          </a>
        </div>
      </div>
      <div class="trace-facts">
        <Figures view={view} />
        <FindField view={view} />
      </div>
      <Legend view={view} />
    </header>
  )
}

function Figures({ view }: { view: TraceView }): VNode {
  const tree = view.tree.value
  const errors = tree.errorsBefore[tree.size]!
  return (
    <dl class="figures">
      <div>
        <dt>Start</dt>
        <dd title={moment(tree.start)}>
          {clock(tree.start)} <span class="faint">{ago(tree.start, Date.now())}</span>
        </dd>
      </div>
      <div>
        <dt>Duration</dt>
        <dd>{duration(tree.duration)}</dd>
      </div>
      <div>
        <dt>Spans</dt>
        <dd>{count(tree.size)}</dd>
      </div>
      <div>
        <dt>Depth</dt>
        <dd>{count(tree.deepest + 1)}</dd>
      </div>
      <div>
        <dt>Errors</dt>
        <dd>
          {errors === 0 ? (
            '0'
          ) : (
            <button
              type="button"
              class="error-jump"
              title="Go to the next error (e)"
              onClick={() => view.moveAmong(view.errors(), 1)}
            >
              {count(errors)}
              <Icon name="down" />
            </button>
          )}
        </dd>
      </div>
    </dl>
  )
}

function Legend({ view }: { view: TraceView }): VNode {
  return (
    <ul class="legend" aria-label="Services">
      {[...view.tree.value.serviceCounts].map(([service, spans]) => {
        const lit = view.spotlight.value === service
        return (
          <li key={service}>
            <button
              type="button"
              class={`chip ${serviceClass(service)}`}
              aria-pressed={lit}
              title={`${plural(spans, 'span')}; press to make them stand out`}
              onClick={() => {
                view.spotlight.value = lit ? '' : service
              }}
            >
              {service || 'unknown service'} <span class="faint">{count(spans)}</span>
            </button>
          </li>
        )
      })}
    </ul>
  )
}

function Incomplete({ tree }: { tree: Tree }): VNode | null {
  let missing = 0
  for (const mark of tree.marks) if (mark & Mark.orphan) missing++
  if (missing === 0) return null
  return (
    <span class="badge" title={`${plural(missing, 'span')} of this trace name a parent that has not arrived`}>
      incomplete
    </span>
  )
}
