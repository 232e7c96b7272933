/**
 * What one thread writes and another reads, without waiting for each other.
 *
 * Not a `MessagePort`, which would be the usual thing: Node 20 ends the process, with code 1 and not a word, when a port
 * is handed to `module.register` while `-r` runs (seen with 20.20.2).
 */
export class Notebook {
  /** Hand this to the other thread, and open it there with `new Notebook(memory)`. */
  readonly memory: SharedArrayBuffer
  readonly #written: Int32Array
  readonly #bytes: Uint8Array
  #read = 0

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(PAGE)) {
    this.memory = memory
    this.#written = new Int32Array(memory, 0, 1)
    this.#bytes = new Uint8Array(memory, Int32Array.BYTES_PER_ELEMENT)
  }

  /**
   * Adds a value that JSON can express. Only one of the two threads may write.
   *
   * @returns false if the notebook is full
   */
  write(value: unknown): boolean {
    const line = new TextEncoder().encode(`${JSON.stringify(value)}\n`)
    const at = Atomics.load(this.#written, 0)
    if (at + line.length > this.#bytes.length) return false
    this.#bytes.set(line, at)
    Atomics.store(this.#written, 0, at + line.length)
    return true
  }

  /** What was written since this side last read. */
  read(): unknown[] {
    const end = Atomics.load(this.#written, 0)
    if (end === this.#read) return []
    // A copy, because TextDecoder does not take shared memory.
    const text = new TextDecoder().decode(this.#bytes.slice(this.#read, end))
    this.#read = end
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
  }
}

/** Room for several hundred targets or packages, in bytes. */
const PAGE = 128 * 1024
