/** What the receiver hands on, and what it gets back for it. */
import type { ContentEncoding, ContentType } from './encoding.ts'

/** A request as it was received. */
export interface Delivery {
  body: Uint8Array<ArrayBuffer>
  encoding: ContentEncoding
  type: ContentType
}

/** What became of a delivery whose good spans are now stored. */
export interface Receipt {
  stored: number
  refused: number
  /** Why the first of the refused spans was refused. */
  refusal: string | undefined
}
