import { useSignal } from '@preact/signals'
import type { VNode } from 'preact'
import { Icon } from './icon.tsx'

const CONFIRMED_MILLISECONDS = 1200

/** A button that copies `text` and says so. @param label what is copied, for those who do not see the icon. */
export function CopyButton({ text, label }: { text: string | (() => string); label: string }): VNode {
  const done = useSignal(false)
  const copy = async () => {
    await toClipboard(typeof text === 'string' ? text : text())
    done.value = true
    setTimeout(() => {
      done.value = false
    }, CONFIRMED_MILLISECONDS)
  }
  const title = done.value ? 'Copied' : `Copy ${label}`
  return (
    <button type="button" class="quiet icon-only copy" onClick={copy} title={title} aria-label={title}>
      <Icon name={done.value ? 'check' : 'copy'} />
    </button>
  )
}

/** `navigator.clipboard` exists on secure origins only: https and loopback, not `http://192.168.…`. */
async function toClipboard(text: string): Promise<void> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text)
    return
  }
  const area = document.createElement('textarea')
  area.value = text
  document.body.append(area)
  area.select()
  document.execCommand('copy')
  area.remove()
}
