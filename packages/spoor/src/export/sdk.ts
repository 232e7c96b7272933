/** How this library names itself to collectors. A test holds the version against package.json. */
export const SDK_NAME = 'spoor'
export const SDK_VERSION = '0.1.0'
/** The version of the semantic conventions that `semantics/` follows. */
export const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.36.0'
export const USER_AGENT: string = `Spoor-OTLP-Exporter-JavaScript/${SDK_VERSION}`
