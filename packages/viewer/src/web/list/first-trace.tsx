/** Nothing here yet: the shortest way to the first trace. */
import type { VNode } from 'preact'
import { CopyButton } from '../shell/copy.tsx'
import { status } from '../shell/status.ts'

/** Where OpenTelemetry's exporters, and ours, send to when nobody tells them otherwise. */
const STANDARD = 'http://localhost:4318'

export function FirstTrace(): VNode {
  const otlpUrl = status.value?.otlpUrl ?? STANDARD
  const endpoint = `OTEL_EXPORTER_OTLP_ENDPOINT=${otlpUrl}`
  return (
    <section class="first-trace">
      <h1>Waiting for the first trace</h1>
      <p class="lead">
        Start an application with tracing on and send it a request. It will appear here by itself.
      </p>
      <ol>
        <li>
          <h2>An application of yours, in another terminal</h2>
          <Command
            text={`${otlpUrl === STANDARD ? '' : `${endpoint} `}node --import spoor/register app.js`}
          />
        </li>
        <li>
          <h2>Viewer and application with one command</h2>
          <Command text="npx spoor-viewer -- node app.js" />
        </li>
        <li>
          <h2>Anything else that speaks OpenTelemetry</h2>
          <Command text={endpoint} />
          <p>
            OTLP over HTTP, as protobuf or JSON: <code>{otlpUrl}/v1/traces</code>
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
