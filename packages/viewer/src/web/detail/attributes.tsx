/** Attributes as a table, those of one namespace (`http.…`, `db.…`) together. */
import type { VNode } from 'preact'
import type { Attributes, AttributeValue } from '../../api.ts'
import { CopyButton } from '../shell/copy.tsx'
import { LongText } from './long-text.tsx'

export function AttributeTable({ attributes }: { attributes: Attributes }): VNode {
  return (
    <table class="attributes">
      {group(attributes).map(([name, keys]) => (
        <tbody key={name} aria-label={name || 'general'}>
          {keys.map((key) => (
            <tr key={key}>
              <th scope="row">
                <Key text={key} />
              </th>
              <td>
                <Value value={attributes[key]!} />
              </td>
              <td class="tool">
                <CopyButton text={plain(attributes[key]!)} label={`the value of ${key}`} />
              </td>
            </tr>
          ))}
        </tbody>
      ))}
    </table>
  )
}

/** The namespace in a lighter ink: what tells the keys of a group apart is their end. */
function Key({ text }: { text: string }): VNode {
  const dot = text.indexOf('.') + 1
  return (
    <>
      {dot > 0 && <span class="faint">{text.slice(0, dot)}</span>}
      <wbr />
      {text.slice(dot)}
    </>
  )
}

function Value({ value }: { value: AttributeValue }): VNode {
  if (typeof value === 'string')
    return value === '' ? <span class="faint">(empty)</span> : <LongText text={value} />
  if (value === null) return <span class="faint">(no value)</span>
  if (typeof value === 'object') return <LongText text={JSON.stringify(value, null, 2)} />
  return <span class={`literal ${typeof value}`}>{String(value)}</span>
}

function plain(value: AttributeValue): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Groups and keys by name; keys without a namespace first. */
function group(attributes: Attributes): [name: string, keys: string[]][] {
  const groups = new Map<string, string[]>()
  for (const key of Object.keys(attributes).sort()) {
    const name = key.includes('.') ? key.slice(0, key.indexOf('.')) : ''
    const keys = groups.get(name)
    if (keys) keys.push(key)
    else groups.set(name, [key])
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1))
}
