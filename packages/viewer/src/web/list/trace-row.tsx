import { type Signal, signal } from '@preact/signals'
import type { VNode } from 'preact'
import type { TraceSummary } from '../../api.ts'
import { serviceClass } from '../colour.ts'
import { ago, count, duration, moment, plural } from '../format.ts'
import { Icon } from '../shell/icon.tsx'
import { opened } from './traces.ts'

const CHIPS = 3
const SECOND = 1000

/** "3 s ago" grows old: one clock for every row. */
const now: Signal<number> = signal(Date.now())
setInterval(() => {
  if (!document.hidden) now.value = Date.now()
}, 5 * SECOND)

interface TraceRowProps {
  readonly trace: TraceSummary
  /** Nanoseconds of the slowest trace on the page, which the bars compare with. */
  readonly slowest: number
  readonly fresh: boolean
}

export function TraceRow({ trace, slowest, fresh }: TraceRowProps): VNode {
  const others = trace.services.filter((service) => service !== trace.service)
  // An arrival between two ticks of the clock is not "in the future".
  const when = ago(trace.start, Math.max(now.value, Date.now()))
  const state = [trace.errors > 0 && 'failed', fresh && 'fresh', !trace.rooted && 'unrooted']
  return (
    <li>
      <a
        class={`trace ${serviceClass(trace.service)} ${state.filter(Boolean).join(' ')}`}
        href={`/traces/${trace.traceId}`}
        onClick={() => {
          opened.value = trace.traceId
        }}
      >
        <span class="trace-title">
          <span class="service-name">{trace.service || 'unknown service'}</span>
          <span class="trace-name" title={trace.name}>
            {trace.name || '(no name)'}
          </span>
          {!trace.rooted && (
            <span class="badge" title="The root span has not arrived (yet)">
              incomplete
            </span>
          )}
        </span>
        <span class="trace-services">
          <span class="visually-hidden">{others.length > 0 ? 'with ' : ''}</span>
          {others.slice(0, CHIPS).map((service) => (
            <span key={service} class={`chip ${serviceClass(service)}`}>
              {service}
            </span>
          ))}
          {others.length > CHIPS && (
            <span class="chip more" title={others.slice(CHIPS).join(', ')}>
              +{others.length - CHIPS}
            </span>
          )}
        </span>
        <span class="number trace-spans">
          {count(trace.spans)}
          <span class="unit"> {trace.spans === 1 ? 'span' : 'spans'}</span>
        </span>
        <span class="number trace-errors">
          {trace.errors > 0 && (
            <span class="error-count" title={plural(trace.errors, 'failed span')}>
              <Icon name="error" />
              {count(trace.errors)}
              <span class="visually-hidden"> failed</span>
            </span>
          )}
        </span>
        <span class="trace-duration">
          <span class="duration-text">{duration(trace.duration)}</span>
          <span class="duration-track" aria-hidden="true">
            <span
              class="duration-bar"
              style={{ width: `${Math.max(0.5, (trace.duration / slowest) * 100)}%` }}
            />
          </span>
        </span>
        <time class="number trace-when" title={moment(trace.start)}>
          {when}
        </time>
      </a>
    </li>
  )
}
