/** Nothing here yet: the shortest way to the first trace. */
import type { VNode } from 'preact'
import { CopyButton } from '../shell/copy.tsx'
import { otlpUrl } from './traces.ts'

export function FirstTrace(): VNode {
  return (
    <section class="first-trace">
      <h1>Waiting for the first trace</h1>
      <p class="lead">
        Start an application with tracing on and send it a request. It will appear here by itself.
      </p>
      <ol>
        <li>
          <h2>An application of yours, in another terminal</h2>
          <Command text="node --import spoor/register app.js" />
        </li>
        <li>
          <h2>Viewer and application with one command</h2>
          <Command text="npx spoor-viewer -- node app.js" />
        </li>
        <li>
          <h2>Anything else that speaks OpenTelemetry</h2>
          <Command text={`OTEL_EXPORTER_OTLP_ENDPOINT=${otlpUrl.value}`} />
          <p>
            OTLP over HTTP, as protobuf or JSON: <code>{otlpUrl.value}/v1/traces</code>
          </p>
        </li>
      </ol>
      <p class="pulse-line">
        <span class="pulse" aria-hidden="true" /> Listening
      </p>
    </section>
  )
}

function Command({ text }: { text: string }): VNode {
  return (
    <div class="command">
      <code>{text}</code>
      <CopyButton text={text} label="the command" />
    </div>
  )
}
