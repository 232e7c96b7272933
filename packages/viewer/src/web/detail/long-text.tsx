import { useSignal } from '@preact/signals'
import type { VNode } from 'preact'
import { bytes } from '../format.ts'

const MOST_CHARACTERS = 480
const MOST_LINES = 12

/** Text as it came, always as text. What is too long is cut until somebody asks for the rest. */
export function LongText({ text }: { text: string }): VNode {
  const all = useSignal(false)
  const short = all.value ? text : cut(text)
  return (
    <span class={text.includes('\n') ? 'text block' : 'text'}>
      {short}
      {short.length < text.length && '…'}
      {cut(text).length < text.length && (
        <button
          type="button"
          class="link"
          onClick={() => {
            all.value = !all.value
          }}
        >
          {all.value ? 'show less' : `show all (${bytes(text.length)})`}
        </button>
      )}
    </span>
  )
}

function cut(text: string): string {
  const lines = text.split('\n', MOST_LINES + 1)
  const head = lines.length > MOST_LINES ? lines.slice(0, MOST_LINES).join('\n') : text
  return head.length > MOST_CHARACTERS ? head.slice(0, MOST_CHARACTERS) : head
}
