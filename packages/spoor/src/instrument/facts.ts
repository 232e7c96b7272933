import type { TagMap } from '../api/span.ts'
import type { EngineSpan } from './row.ts'

/** Facts about a span that is not there yet. */
export class Facts {
  readonly flat: unknown[] = []

  append(key: string, value: unknown): void {
    this.flat.push(key, value)
  }

  appendTo(span: EngineSpan): void {
    for (let i = 0; i < this.flat.length; i += 2) span.append?.(this.flat[i] as string, this.flat[i + 1])
  }

  tags(): TagMap {
    const tags: TagMap = {}
    for (let i = 0; i < this.flat.length; i += 2) tags[this.flat[i] as string] = this.flat[i + 1]
    return tags
  }
}
