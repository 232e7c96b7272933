import { useSignal } from '@preact/signals'
import type { VNode } from 'preact'

const MOST_LINES = 14

/** A V8 stack trace with the application's own frames in full ink; anything else is shown as it came. */
export function StackTrace({ text }: { text: string }): VNode {
  const all = useSignal(false)
  const lines = text.split('\n')
  const shown = all.value ? lines : lines.slice(0, MOST_LINES)
  return (
    <div class="stack">
      <pre>
        {shown.map((line, index) => (
          <StackLine key={index} line={line} />
        ))}
      </pre>
      {lines.length > MOST_LINES && (
        <button
          type="button"
          class="link"
          onClick={() => {
            all.value = !all.value
          }}
        >
          {all.value ? 'show less' : `show all ${lines.length} lines`}
        </button>
      )}
    </div>
  )
}

function StackLine({ line }: { line: string }): VNode {
  const frame = /^(\s*at )(?:(.*) \()?(.*?)(:\d+:\d+)?(\)?)$/.exec(line)
  if (!frame) return <span class="stack-message">{line || ' '}</span>
  const [, , name, file = '', position = '', end = ''] = frame
  const foreign = /node_modules|^node:|<anonymous>|^native$/.test(file)
  return (
    <span class={foreign ? 'stack-line foreign' : 'stack-line'}>
      at{' '}
      {name !== undefined && (
        <>
          <b>{name}</b> (
        </>
      )}
      <span class="file">
        {file}
        {position}
      </span>
      {end}
    </span>
  )
}
