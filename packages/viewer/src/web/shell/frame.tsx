/** What stands around every page: the name, whether news arrives, the scheme, the keys. */
import type { ComponentChildren, VNode } from 'preact'
import { bytes, plural } from '../format.ts'
import { connection } from '../live.ts'
import { scheme, toggleScheme } from '../scheme.ts'
import { HelpDialog, openHelp } from './help.tsx'
import { Icon } from './icon.tsx'
import { status } from './status.ts'

export function Frame({ children }: { children: ComponentChildren }): VNode {
  return (
    <div class="frame">
      <header class="masthead">
        <a class="brand" href="/" aria-label="Spoor: all traces">
          <Mark />
          <span>Spoor</span>
        </a>
        <ConnectionState />
        <div class="masthead-tools">
          <button type="button" class="quiet icon-only" onClick={openHelp} title="Keys (?)" aria-label="Keys">
            <Icon name="keyboard" />
          </button>
          <SchemeButton />
        </div>
      </header>
      <Banner />
      <main class="page">{children}</main>
      <HelpDialog />
    </div>
  )
}

function ConnectionState(): VNode {
  const words = { open: 'Live', connecting: 'Connecting', lost: 'Disconnected' }
  return (
    <span class={`connection ${connection.value}`} role="status" title={figures()}>
      {words[connection.value]}
    </span>
  )
}

/** The store in one line, for those who rest the pointer on the state. */
function figures(): string | undefined {
  if (!status.value) return undefined
  const { traces, spans, bytes: size, engine, store, version } = status.value
  return `${plural(traces, 'trace')}, ${plural(spans, 'span')}, ${bytes(size)} in ${store}\n${engine}, spoor-viewer ${version}`
}

function Banner(): VNode | null {
  if (connection.value !== 'lost')
    return status.value?.trouble ? <Trouble words={status.value.trouble} /> : null
  return (
    <p class="banner" role="alert">
      The connection to the viewer is lost: what you see may be out of date. Is <code>spoor-viewer</code>{' '}
      still running? Trying again…
    </p>
  )
}

function Trouble({ words }: { words: string }): VNode {
  return (
    <p class="banner" role="alert">
      Nothing new can be stored: {words}
    </p>
  )
}

function SchemeButton(): VNode {
  const other = scheme.value === 'dark' ? 'light' : 'dark'
  return (
    <button
      type="button"
      class="quiet icon-only"
      onClick={toggleScheme}
      title={`Switch to ${other}`}
      aria-label={`Switch to ${other}`}
    >
      <Icon name={other === 'dark' ? 'moon' : 'sun'} />
    </button>
  )
}

function Mark(): VNode {
  return (
    <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
      <rect class="mark-1" x="2" y="4" width="20" height="4" rx="2" />
      <rect class="mark-2" x="6" y="10" width="11" height="4" rx="2" />
      <rect class="mark-3" x="11" y="16" width="9" height="4" rx="2" />
    </svg>
  )
}
