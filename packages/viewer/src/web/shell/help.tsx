/** The keys, behind `?`. */
import type { VNode } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { Icon } from './icon.tsx'
import { onKeys } from './keys.ts'

const SECTIONS: readonly { title: string; keys: readonly [keys: string[], meaning: string][] }[] = [
  {
    title: 'In the list',
    keys: [
      [['↓', 'j'], 'next trace'],
      [['↑', 'k'], 'previous trace'],
      [['Enter'], 'open it'],
      [['/'], 'search'],
      [['e'], 'only traces with errors'],
      [['p'], 'pause or go on'],
    ],
  },
  {
    title: 'In a trace',
    keys: [
      [['↓', 'j'], 'next span'],
      [['↑', 'k'], 'previous span'],
      [['→', 'l'], 'open the branch, then step into it'],
      [['←', 'h'], 'shut the branch, then step out of it'],
      [['Home', 'End'], 'first, last span'],
      [['Enter'], 'show the span'],
      [['Esc'], 'close it, then clear the search'],
      [['e', 'E'], 'next, previous error'],
      [['/'], 'find in this trace'],
      [['n', 'N'], 'next, previous match'],
      [['-', '+'], 'shut, open every branch'],
      [['z', '0'], 'zoom to the span, show the whole trace'],
      [['u'], 'back to the list'],
    ],
  },
]

let dialog: HTMLDialogElement | null = null

export function openHelp(): void {
  if (dialog && !dialog.open) dialog.showModal()
}

export function HelpDialog(): VNode {
  const ref = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    dialog = ref.current
    return onKeys({ '?': openHelp })
  }, [])
  const close = () => ref.current?.close()
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a dialog closes with Escape by itself
    <dialog
      ref={ref}
      class="help"
      aria-labelledby="help-title"
      // A click beside the box lands on the dialog itself.
      onClick={(event) => event.target === ref.current && close()}
    >
      <div class="help-box">
        <header>
          <h2 id="help-title">Keys</h2>
          <button type="button" class="quiet icon-only" onClick={close} aria-label="Close">
            <Icon name="close" />
          </button>
        </header>
        <div class="help-sections">
          {SECTIONS.map(({ title, keys }) => (
            <section key={title}>
              <h3>{title}</h3>
              <dl>
                {keys.map(([names, meaning]) => (
                  <div key={meaning}>
                    <dt>
                      {names.map((name) => (
                        <kbd key={name}>{name}</kbd>
                      ))}
                    </dt>
                    <dd>{meaning}</dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
        </div>
      </div>
    </dialog>
  )
}
