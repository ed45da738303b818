// Marks every line of several interleaved byte streams with its source. Half lines wait for their end; bytes that are
// not text pass through untouched, since programs print what they like.

export type LinePrefixer = {
  /** The lines that `data` completes. */
  add(source: string, data: Uint8Array): Uint8Array
  /** What is left without a line end, given one. */
  end(): Uint8Array
}

/** A line longer than this is passed on in parts, so that memory stays bounded. */
const lineBytesMax = 64 * 1024
const newline = 10

export function prefixLines(prefixOf: (source: string) => string): LinePrefixer {
  const halves = new Map<string, Buffer>()
  return {
    add: (source, data) => {
      const bytes = Buffer.concat([halves.get(source) ?? Buffer.alloc(0), data])
      const prefix = Buffer.from(prefixOf(source))
      const parts: Buffer[] = []
      let start = 0
      for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, start)) {
        parts.push(prefix, bytes.subarray(start, end + 1))
        start = end + 1
      }
      for (; bytes.length - start > lineBytesMax; start += lineBytesMax) {
        parts.push(prefix, bytes.subarray(start, start + lineBytesMax), Buffer.from('\n'))
      }
      halves.set(source, Buffer.from(bytes.subarray(start)))
      return Buffer.concat(parts)
    },
    end: () => {
      const parts = [...halves]
        .filter(([, half]) => half.length > 0)
        .flatMap(([source, half]) => [Buffer.from(prefixOf(source)), half, Buffer.from('\n')])
      halves.clear()
      return Buffer.concat(parts)
    },
  }
}
