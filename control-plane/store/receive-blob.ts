// A file that arrives as a stream of messages: the first announces digest and length, all carry data. Stored with its
// row; sending the same file again changes nothing.
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError, invalid, type FieldViolation } from '#runtime/errors.ts'
import type { BlobRecord, Store } from './store.ts'

type FileMessage = { readonly digest: string; readonly totalBytes: number; readonly data: Uint8Array }

export type ReceiveOptions<Message> = {
  readonly kind: BlobRecord['kind']
  readonly bytesMax: number
  /** Called with the first message before anything is stored; may throw. */
  readonly before?: (first: Message) => Promise<void>
}

export type Received<Message> = {
  readonly header: Message
  readonly blob: BlobRecord
  readonly wasPresent: boolean
}

export async function receiveBlob<Message extends FileMessage>(
  store: Store,
  clock: Clock,
  messages: AsyncIterable<Message>,
  options: ReceiveOptions<Message>,
): Promise<Received<Message>> {
  const reader = messages[Symbol.asyncIterator]()
  try {
    const first = await reader.next()
    if (first.done === true)
      throw invalid([
        { field: 'digest', description: 'is missing; the stream was empty. Send digest and length first' },
      ])
    const header = first.value
    checkHeader(header, options)
    await options.before?.(header)
    const { digest, totalBytes } = header
    const known = await store.blob(digest)
    if (known !== null && (await store.blobs.size(digest)) === known.bytes)
      return { header, blob: known, wasPresent: true }
    await store.blobs.receive({ digest, totalBytes }, dataOf(header, reader))
    const blob: BlobRecord = { digest, kind: options.kind, bytes: totalBytes, atMs: clock.now() }
    await store.commit([{ kind: 'blob', blob }], store.view().revision)
    return { header, blob, wasPresent: false }
  } finally {
    await reader.return?.()
  }
}

function checkHeader<Message extends FileMessage>(header: Message, { kind, bytesMax }: ReceiveOptions<Message>): void {
  const violations: FieldViolation[] = []
  if (!/^[0-9a-f]{64}$/.test(header.digest)) {
    const description = `is ${JSON.stringify(header.digest.slice(0, 80))}; give the sha256 of the file as 64 lower-case hexadecimal digits`
    violations.push({ field: 'digest', description })
  }
  if (!Number.isSafeInteger(header.totalBytes) || header.totalBytes < 1)
    violations.push({ field: 'total_bytes', description: `is ${header.totalBytes}; give the length of the file` })
  if (violations.length > 0) throw invalid(violations)
  if (header.totalBytes <= bytesMax) return
  const text = `total_bytes: the ${kind} has ${header.totalBytes} bytes; at most ${bytesMax} are taken`
  throw new CloudlessError('exhausted', 'FILE_TOO_LARGE', text)
}

async function* dataOf(first: FileMessage, rest: AsyncIterator<FileMessage>): AsyncIterable<Uint8Array> {
  yield first.data
  for (;;) {
    const next = await rest.next()
    if (next.done === true) return
    yield next.value.data
  }
}
