import { FLAG_SAMPLED, type TraceContext } from '../api/span-context.ts'
import type { FlatAttributes } from './finished-span.ts'

/** Decides at the start of a span whether it is recorded. */
export interface Sampler {
  /**
   * @param parent the parent's context, null for a root
   * @param traceId 32 hex digits; a ratio is decided on its random low 56 bits
   * @param kind OTLP span kind, 1 to 5
   * @param attributes what is known at start, keys and values in turn; null unless {@link readsTags}
   */
  sample(
    parent: TraceContext | null,
    traceId: string,
    name: string,
    kind: number,
    attributes: FlatAttributes | null,
  ): boolean
  /** Ask for the attributes, which are otherwise only gathered for spans that are recorded. */
  readonly readsTags?: boolean
  /** One word for the logs and the doctor. */
  toString(): string
}

export const alwaysOn: Sampler = { sample: () => true, toString: () => 'always_on' }

export const alwaysOff: Sampler = { sample: () => false, toString: () => 'always_off' }

const RANDOM_BITS = 2 ** 56

/**
 * Keeps a share of the traces. The same trace gets the same answer from every service with the same ratio.
 *
 * @param ratio 0 to 1
 * @throws {RangeError} for anything else
 */
export function ratio(ratio: number): Sampler {
  if (!(ratio >= 0 && ratio <= 1)) throw new RangeError(`a sampling ratio lies between 0 and 1, not ${ratio}`)
  const threshold = ratio * RANDOM_BITS
  return {
    // The greatest of 56-bit numbers is rounded up to 2^56, and a ratio of 1 keeps it too.
    sample: (_parent, traceId) => ratio === 1 || Number.parseInt(traceId.slice(18), 16) < threshold,
    toString: () => `traceidratio{${ratio}}`,
  }
}

/**
 * Keeps at most so many traces a second, evenly, with a burst of one second's worth.
 *
 * @param perSecond greater than 0; fractions allow one trace every few seconds
 * @param now milliseconds from any origin
 */
export function rateLimited(perSecond: number, now: () => number = () => performance.now()): Sampler {
  if (!(perSecond > 0)) throw new RangeError(`a sampling rate is greater than 0, not ${perSecond}`)
  const burst = Math.max(1, perSecond)
  let tokens = burst
  let filled = now()
  return {
    sample() {
      const time = now()
      tokens = Math.min(burst, tokens + (Math.max(0, time - filled) / 1000) * perSecond)
      filled = time
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
    toString: () => `ratelimited{${perSecond}/s}`,
  }
}

export interface ParentBasedOptions {
  remoteSampled?: Sampler
  remoteNotSampled?: Sampler
  localSampled?: Sampler
  localNotSampled?: Sampler
}

/** Follows the parent's decision, and asks `root` where there is none. */
export function parentBased(root: Sampler, options: ParentBasedOptions = {}): Sampler {
  const remoteSampled = options.remoteSampled ?? alwaysOn
  const remoteNotSampled = options.remoteNotSampled ?? alwaysOff
  const localSampled = options.localSampled ?? alwaysOn
  const localNotSampled = options.localNotSampled ?? alwaysOff
  const all = [root, remoteSampled, remoteNotSampled, localSampled, localNotSampled]
  return {
    sample(parent, traceId, name, kind, attributes) {
      if (parent === null) return root.sample(parent, traceId, name, kind, attributes)
      const sampled = (parent.traceFlags & FLAG_SAMPLED) !== 0
      const delegate = parent.remote
        ? sampled
          ? remoteSampled
          : remoteNotSampled
        : sampled
          ? localSampled
          : localNotSampled
      return delegate.sample(parent, traceId, name, kind, attributes)
    },
    readsTags: all.some((sampler) => sampler.readsTags === true),
    toString: () => `parentbased{${root}}`,
  }
}

/** One line of {@link rules}: what to match, and who decides. All given conditions must hold. */
export interface SamplingRule {
  /** Operation name: equal, or matching the expression. */
  name?: string | RegExp
  /** Tags given at start: equal, or matching the expression. */
  tags?: { [key: string]: string | number | boolean | RegExp }
  sampler: Sampler
}

/** Asks the sampler of the first rule that matches the operation, else `otherwise`. */
export function rules(list: readonly SamplingRule[], otherwise: Sampler = alwaysOn): Sampler {
  return {
    sample(parent, traceId, name, kind, attributes) {
      const rule = list.find((rule) => matches(rule, name, attributes))
      return (rule?.sampler ?? otherwise).sample(parent, traceId, name, kind, attributes)
    },
    readsTags: list.some((rule) => rule.tags !== undefined || rule.sampler.readsTags === true),
    toString: () => `rules{${list.length}, ${otherwise}}`,
  }
}

function matches(rule: SamplingRule, name: string, attributes: FlatAttributes | null): boolean {
  if (rule.name !== undefined && !equals(rule.name, name)) return false
  if (rule.tags === undefined) return true
  return Object.entries(rule.tags).every(([key, wanted]) => {
    for (let i = 0; i < (attributes?.length ?? 0); i += 2) {
      if (attributes?.[i] === key) return equals(wanted, attributes[i + 1])
    }
    return false
  })
}

function equals(wanted: unknown, value: unknown): boolean {
  // `search` rather than `test`: a global expression keeps state between calls of `test`.
  return wanted instanceof RegExp ? String(value).search(wanted) >= 0 : wanted === value
}
