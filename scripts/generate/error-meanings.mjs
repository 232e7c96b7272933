/** What every error code means, and what to do about it: `[when, what to do]`. */
export const meanings = {
  SPOOR_APP_STARTED: [
    'A tracing object is attached to a Fastify application that has been started.',
    'Attach before `listen()`, `ready()` and `inject()`.',
  ],
  SPOOR_ATTACHED_TWICE: [
    'A tracing object is attached to the same application twice.',
    'Attach it once; `detach(app)` lets go of it.',
  ],
  SPOOR_BAD_RANGE: [
    'A table of your own has a version range that cannot be read.',
    'Write it as `>=8.0.3 <9`, `^4` or `4 || 5`.',
  ],
  SPOOR_BAD_RESOURCE_ATTRIBUTES: [
    'Told, not thrown: `OTEL_RESOURCE_ATTRIBUTES` cannot be read and is ignored as a whole.',
    'Write `key=value,key=value`; commas, equals signs and percent signs in values are percent-encoded.',
  ],
  SPOOR_CONFIG_AMBIGUOUS: [
    'A folder has more than one configuration file.',
    'Keep one, or name one in `SPOOR_CONFIG`.',
  ],
  SPOOR_CONFIG_NOT_FOUND: [
    '`SPOOR_CONFIG` names a file that does not exist.',
    'Correct the path; it starts from the working directory.',
  ],
  SPOOR_CONFIG_UNREADABLE: [
    'A configuration file cannot be opened, or is not JSON.',
    'The message says where it breaks off; see [files](configuration.md#files).',
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
    'An option has a value that cannot be used; the message names the file or variable that it stands in.',
    'The message says what it expects; see [configuration](configuration.md).',
  ],
  SPOOR_INVALID_VARIABLE: [
    'A `SPOOR_` variable has a value that cannot be read.',
    'The message says what it expects; see [configuration](configuration.md#environment).',
  ],
  SPOOR_MODULE_ASYNC: [
    'A module that the configuration needs awaits something at its top level.',
    'Move the `await` into a function: the one that makes a tracer may be asynchronous.',
  ],
  SPOOR_MODULE_FAILED: [
    'A module that the configuration needs threw while it was loaded.',
    'The message has the first line of its error, `error.cause` has all of it.',
  ],
  SPOOR_MODULE_NOT_FOUND: [
    'A name in the configuration leads to no module.',
    'Paths start from the file that the name stands in, and need their extension. A package that can only be imported is named through a file of yours.',
  ],
  SPOOR_NOT_A_TRACER: [
    '`setGlobalTracer()` got something that cannot start spans, or the function given as `tracer` returned such.',
    'Give what `init()` returns, or another OpenTracing tracer.',
  ],
  SPOOR_NO_METADATA: [
    'A handler of Nest is marked before `reflect-metadata` is loaded.',
    "Import `'@nestjs/common'` or `'reflect-metadata'` first.",
  ],
  SPOOR_NOT_AN_APP: [
    '`attach()` got something that is no application of this framework.',
    'Give it the application; for a router the message says what to do.',
  ],
  SPOOR_NOT_CALLABLE: [
    '`tracer` names an export that is neither a function nor a tracer.',
    'Name a function that returns a tracer.',
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
  SPOOR_SECRET_ATTRIBUTE: [
    'A traced attribute would send a secret, or a collection in which secrets are.',
    'Name one harmless property, or give a function that returns what may be sent.',
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
  SPOOR_TRACE_ALL_WITHOUT_APP: [
    '`traceAll: true` was given to a tracing object, and no application.',
    'Give `app` too, or leave `traceAll` out and call `attach(app)` later.',
  ],
  SPOOR_TRACER_FAILED: [
    'The function given as `tracer` threw, or its promise was rejected; the latter is told, not thrown.',
    'The message has the first line of its error, `error.cause` has all of it.',
  ],
  SPOOR_UNKNOWN_EXPORT: [
    'A module has no export of the name that the configuration gives.',
    'The message names the nearest one.',
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
    'There is no such option; the message names the file that it stands in.',
    'The message names the nearest one, or what a [name of Python](python-names.md) has become; see [configuration](configuration.md).',
  ],
  SPOOR_UNKNOWN_PROPAGATOR: [
    'There is no propagator of that name, or `none` stands beside others.',
    'Choose from the list in [propagation](../guides/propagation.md).',
  ],
  SPOOR_UNKNOWN_RULE: [
    'The option `ignore` has a rule that does not exist.',
    'The message names the nearest one.',
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
