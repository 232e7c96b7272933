/** What every error code means, and what to do about it: `[when, what to do]`. */
export const meanings = {
  SPOOR_BAD_RANGE: [
    'A table of your own has a version range that cannot be read.',
    'Write it as `>=8.0.3 <9`, `^4` or `4 || 5`.',
  ],
  SPOOR_BAD_RESOURCE_ATTRIBUTES: [
    'Told, not thrown: `OTEL_RESOURCE_ATTRIBUTES` cannot be read and is ignored as a whole.',
    'Write `key=value,key=value`; commas, equals signs and percent signs in values are percent-encoded.',
  ],
  SPOOR_FILE_NOT_WRITABLE: [
    'The file of the `file` exporter cannot be opened for appending.',
    'Give a path in an existing folder that the process may write to (`SPOOR_FILE`).',
  ],
  SPOOR_INVALID_CARRIER: [
    '`inject` or `extract` got a carrier of the wrong kind.',
    'Text formats take an object, a `Map` or a `Headers`; the binary format takes a `BinaryCarrier`.',
  ],
  SPOOR_INVALID_ENDPOINT: [
    'The address of the collector is not an absolute http or https URL.',
    'Write it in full: `http://localhost:4318`.',
  ],
  SPOOR_INVALID_HEADER: [
    'A header for the collector has characters that HTTP does not allow.',
    'Correct it; values in `OTEL_EXPORTER_OTLP_HEADERS` are percent-encoded.',
  ],
  SPOOR_INVALID_OPTION: [
    'An option of `init()` has a value that cannot be used.',
    'The message says what it expects; see [configuration](configuration.md).',
  ],
  SPOOR_INVALID_VARIABLE: [
    'A `SPOOR_` variable has a value that cannot be read.',
    'The message says what it expects; see [configuration](configuration.md#environment).',
  ],
  SPOOR_NOT_A_TRACER: [
    '`setGlobalTracer()` got something that cannot start spans.',
    'Give it what `init()` returns, or another OpenTracing tracer.',
  ],
  SPOOR_NOT_CAPTURABLE: [
    '`captureTrace()` has nothing to show, for the global tracer is one of somebody else.',
    'Give `init()` no tracer in tests, or a `MockTracer`.',
  ],
  SPOOR_NOT_STARTED: ['`instrument()` was called before `init()`.', 'Call `init()` first.'],
  SPOOR_NOT_TRACEABLE: [
    '`traced()` was put on a class or on something that is no function.',
    'Put it on the methods, or on the function that makes the value.',
  ],
  SPOOR_SPAN_CONTEXT_CORRUPTED: [
    'A binary carrier holds a context that is truncated or damaged.',
    'Extract only what was injected with the binary format, and transport it whole.',
  ],
  SPOOR_SPILL_DIRECTORY: [
    'The folder for batches that wait on disk cannot be made or read.',
    'Give a folder that the process may write to (`SPOOR_SPILL_DIRECTORY`).',
  ],
  SPOOR_TLS_FILE: [
    'A certificate or key for the collector cannot be read.',
    'Give the path of a PEM file that the process may read.',
  ],
  SPOOR_UNKNOWN_EXPORTER: [
    'There is no exporter of that name.',
    'Choose `otlp`, `console`, `file`, `none`, or give a sink of your own.',
  ],
  SPOOR_UNKNOWN_INSTRUMENTATION: [
    '`disable` or `SPOOR_DISABLE` names an instrumentation that does not exist.',
    'Take the name from the table of libraries in the README; `fetch` is `undici`.',
  ],
  SPOOR_UNKNOWN_LIMIT: [
    'The option `limits` has a limit that does not exist.',
    'The message names the nearest one; see [limits](configuration.md#limits).',
  ],
  SPOOR_UNKNOWN_OPTION: [
    '`init()` got an option that does not exist.',
    'The message names the nearest one; see [configuration](configuration.md).',
  ],
  SPOOR_UNKNOWN_PROPAGATOR: [
    'There is no propagator of that name, or `none` stands beside others.',
    'Choose from the list in [propagation](../guides/propagation.md).',
  ],
  SPOOR_UNKNOWN_VARIABLE: [
    'The environment has a `SPOOR_` variable that does not exist.',
    'The message names the nearest one. Correct it or remove it.',
  ],
  SPOOR_UNSUPPORTED_FORMAT: [
    '`inject` or `extract` got a format that the tracer does not know.',
    'Use `FORMAT_TEXT_MAP`, `FORMAT_HTTP_HEADERS` or `FORMAT_BINARY`.',
  ],

  SPOOR_BAD_OPTION: [
    'An option of the command, or a parameter of the API, is unknown or has a value that makes no sense.',
    'The message names the nearest one; `spoor-viewer --help` lists all.',
  ],
  SPOOR_CANNOT_LISTEN: [
    'The address cannot be listened on.',
    'Choose another with `--host`, or another port with `--otlp-port` or `--ui-port`.',
  ],
  SPOOR_NO_COMMAND: [
    'The program after `--` cannot be started.',
    'Check its name and that it can be executed.',
  ],
  SPOOR_NO_ENGINE: [
    'Neither `node:sqlite` nor the WebAssembly build could be loaded.',
    'Use Node 22.13 or later, or reinstall spoor-viewer with its dependencies.',
  ],
  SPOOR_NO_LIBRARY: [
    '`spoor-viewer -- …` found no `spoor`, neither where the application is nor beside itself.',
    'Run `npm install spoor` in the folder of the application.',
  ],
  SPOOR_PORT_IN_USE: [
    'A port is taken; the message says whether by another viewer.',
    'Use that viewer, stop it, or choose another port with `--otlp-port` or `--ui-port`.',
  ],
  SPOOR_REQUEST_MALFORMED: [
    'Answered with 400: a request is not OTLP.',
    'Check what sends it; OTLP over HTTP is POSTed to `/v1/traces` as protobuf or JSON.',
  ],
  SPOOR_REQUEST_TOO_LARGE: [
    'Answered with 413: a request is too large, before or after decompression.',
    'Send smaller batches, or allow more with `--max-body`.',
  ],
  SPOOR_STORE_CODEC: [
    'Details of a span were compressed by a newer Node than this one.',
    'Run the viewer with Node 22.15 or later.',
  ],
  SPOOR_STORE_FAILED: [
    'The store failed to keep what was sent.',
    'Look at the message; start the viewer again.',
  ],
  SPOOR_STORE_FOREIGN: [
    'The file given as store is something else. Nothing was written to it.',
    'Give another path with `--store`.',
  ],
  SPOOR_STORE_IN_USE: [
    'Another viewer uses the store.',
    'Stop it, or give this one another path with `--store`.',
  ],
  SPOOR_STORE_UNAVAILABLE: ['The store is not running.', 'Start the viewer again.'],
  SPOOR_STORE_UNUSABLE: [
    'The store cannot be made or opened.',
    'Give another path with `--store`, or `--store :memory:`.',
  ],
  SPOOR_STORE_UNWRITABLE: [
    'The store cannot be written to: the disk is full, or may only be read.',
    'Make room. The viewer goes on as soon as it can, and senders come again meanwhile.',
  ],
  SPOOR_TRACE_TOO_LARGE: [
    'A trace has more spans than one answer can hold.',
    'Sample less of what makes it, or read it span by span.',
  ],
  SPOOR_STORE_VERSION: [
    'The store was written by another version of the viewer.',
    'Update spoor-viewer, delete the file, or give another path with `--store`.',
  ],
}
