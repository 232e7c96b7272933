/** Fills an array with random bytes. */
export type RandomSource = (bytes: Uint8Array) => void

/**
 * xoshiro128** 1.1 (Blackman and Vigna, 2018), seeded from `crypto`. Identifiers have to be unique, not secret, and Web
 * Crypto takes 40 µs for a page of them: a quarter of a microsecond for every span.
 */
export function seededRandom(): RandomSource {
  const seed = crypto.getRandomValues(new Uint32Array(4))
  let a = seed[0]! | 1 // the state must not be all zero
  let b = seed[1]!
  let c = seed[2]!
  let d = seed[3]!
  return (bytes) => {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
    for (let i = 0; i < words.length; i += 1) {
      const product = Math.imul(b, 5)
      words[i] = Math.imul((product << 7) | (product >>> 25), 9)
      const shifted = b << 9
      c ^= a
      d ^= b
      b ^= c
      a ^= d
      c ^= shifted
      d = (d << 11) | (d >>> 21)
    }
  }
}
