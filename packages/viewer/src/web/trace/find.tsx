/** Find in this trace: the browser's own search cannot see rows that are not drawn. */
import type { VNode } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { count } from '../format.ts'
import { Icon } from '../shell/icon.tsx'
import type { TraceView } from './view.ts'

let field: HTMLInputElement | null = null

export function focusFind(): void {
  field?.focus()
  field?.select()
}

export function FindField({ view }: { view: TraceView }): VNode {
  const input = useRef<HTMLInputElement>(null)
  useEffect(() => {
    field = input.current
  }, [])
  const go = (direction: 1 | -1) => view.moveAmong(view.matches.value, direction)
  const pressed = (event: KeyboardEvent) => {
    if (event.key === 'Enter') {
      event.preventDefault()
      go(event.shiftKey ? -1 : 1)
    } else if (event.key === 'Escape') {
      event.stopPropagation()
      view.query.value = ''
      input.current?.blur()
    }
  }
  return (
    <search class="find">
      <label class="field search-field">
        <Icon name="search" />
        <input
          ref={input}
          type="search"
          placeholder="Find in this trace"
          aria-label="Find in this trace"
          autocomplete="off"
          spellcheck={false}
          value={view.query.value}
          onInput={(event) => {
            view.query.value = event.currentTarget.value
          }}
          onKeyDown={pressed}
        />
        <Matches view={view} />
      </label>
    </search>
  )
}

function Matches({ view }: { view: TraceView }): VNode {
  if (view.query.value.trim() === '') return <kbd>/</kbd>
  const matches = view.matches.value
  const at = matches.indexOf(view.cursor.value) + 1
  return (
    <span class="matches">
      <output>
        {matches.length === 0 ? 'none' : `${at > 0 ? count(at) : '–'} of ${count(matches.length)}`}
      </output>
      <button
        type="button"
        class="quiet icon-only"
        title="Previous match (N)"
        aria-label="Previous match"
        disabled={matches.length === 0}
        onClick={() => view.moveAmong(matches, -1)}
      >
        <Icon name="up" />
      </button>
      <button
        type="button"
        class="quiet icon-only"
        title="Next match (n)"
        aria-label="Next match"
        disabled={matches.length === 0}
        onClick={() => view.moveAmong(matches, 1)}
      >
        <Icon name="down" />
      </button>
    </span>
  )
}
