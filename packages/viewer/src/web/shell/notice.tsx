/** The page's full-size words: nothing found, something failed, still loading. */
import type { ComponentChildren, VNode } from 'preact'

export function Notice({ title, children }: { title: string; children?: ComponentChildren }): VNode {
  return (
    <section class="notice">
      <h1>{title}</h1>
      {children}
    </section>
  )
}

export function FailureNotice({
  title,
  message,
  retry,
}: {
  title: string
  message: string
  retry: () => void
}): VNode {
  return (
    <section class="notice" role="alert">
      <h1>{title}</h1>
      <p>{message}</p>
      <button type="button" onClick={retry}>
        Try again
      </button>
    </section>
  )
}

export function NotFound(): VNode {
  return (
    <Notice title="There is no such page">
      <p>
        <a href="/">All traces</a>
      </p>
    </Notice>
  )
}
