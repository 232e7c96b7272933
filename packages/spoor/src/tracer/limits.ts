/** Bounds on what one span may hold. Over a bound: the value is cut or dropped, and the drop is counted in the span. */
export interface SpanLimits {
  readonly attributes: number
  /** Characters of a string value; longer values are cut. */
  readonly attributeValueLength: number
  readonly events: number
  readonly links: number
  readonly attributesPerEvent: number
  readonly attributesPerLink: number
  /** Items of baggage in one context. */
  readonly baggageItems: number
  /** Characters of all keys and values of the baggage together. */
  readonly baggageLength: number
}

/**
 * Counts are the defaults of the OpenTelemetry specification ("Span Limits"). It leaves value lengths open; we do
 * not, because one careless tag would otherwise hold megabytes. Baggage: W3C Baggage, "Limits".
 */
export const defaultLimits: SpanLimits = {
  attributes: 128,
  attributeValueLength: 4096,
  events: 128,
  links: 128,
  attributesPerEvent: 128,
  attributesPerLink: 128,
  baggageItems: 64,
  baggageLength: 8192,
}
