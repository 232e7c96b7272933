/** Narrowing the list down: what is chosen stands in the address, so that a filtered list can be shared. */
import type { VNode } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { setQuery } from '../router.ts'
import { Icon } from '../shell/icon.tsx'
import { paused, services } from './traces.ts'

const TYPING_MILLISECONDS = 200

let field: HTMLInputElement | null = null

export function focusSearch(): void {
  field?.focus()
  field?.select()
}

interface FilterBarProps {
  readonly service: string
  readonly errors: boolean
  readonly search: string
  readonly onPause: () => void
}

export function FilterBar({ service, errors, search, onPause }: FilterBarProps): VNode {
  return (
    <search class="toolbar">
      <SearchField search={search} />
      <ServiceField service={service} />
      <button
        type="button"
        class="toggle errors-only"
        aria-pressed={errors}
        title="Only traces with errors (e)"
        onClick={() => setQuery({ error: errors ? null : 'true' }, { replace: true })}
      >
        <Icon name="error" />
        <span>Errors</span>
      </button>
      <button
        type="button"
        class="toggle pause"
        aria-pressed={paused.value}
        title={paused.value ? 'Go on (p)' : 'Pause (p)'}
        onClick={onPause}
      >
        <Icon name={paused.value ? 'play' : 'pause'} />
        <span>{paused.value ? 'Paused' : 'Pause'}</span>
      </button>
    </search>
  )
}

function SearchField({ search }: { search: string }): VNode {
  const input = useRef<HTMLInputElement>(null)
  const timer = useRef(0)
  useEffect(() => {
    field = input.current
    return () => clearTimeout(timer.current)
  }, [])
  useEffect(() => {
    // Back and forward change the address: the field follows, unless somebody is typing in it.
    if (input.current && document.activeElement !== input.current) input.current.value = search
  }, [search])
  const typed = () => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => {
      setQuery({ search: input.current?.value.trim() ?? '' }, { replace: true })
    }, TYPING_MILLISECONDS) as unknown as number
  }
  return (
    <label class="field search-field">
      <Icon name="search" />
      <input
        ref={input}
        type="search"
        placeholder="Search names and services"
        aria-label="Search traces"
        autocomplete="off"
        spellcheck={false}
        defaultValue={search}
        onInput={typed}
        onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
      />
      <kbd>/</kbd>
    </label>
  )
}

function ServiceField({ service }: { service: string }): VNode {
  const known = service && !services.value.includes(service) ? [service, ...services.value] : services.value
  return (
    <label class="field select-field">
      <select
        aria-label="Service"
        value={service}
        onChange={(event) => setQuery({ service: event.currentTarget.value }, { replace: true })}
      >
        <option value="">All services</option>
        {known.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <Icon name="down" />
    </label>
  )
}
