// The shared file of one GPU on the manager's side: made whole before it has its name, taken over when a manager before this
// one left it, refused when it is anything else. Read and written by position; interposers map it.
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  openSync,
  readSync,
  statSync,
  unlinkSync,
  writeSync,
  type Stats,
} from 'node:fs'
import { CloudlessError, invalid } from '#runtime/errors.ts'
import {
  claimAt,
  decodeHeader,
  encodeHeader,
  encodeHeartbeat,
  encodeOrder,
  headerBytes,
  headerFields,
  layoutConstants,
  orderLine,
  slotAt,
  type Header,
  type Order,
} from './layout.ts'

const heartbeatAt = headerFields.heartbeatNs.at
const deviceIdBytesMax = headerFields.deviceId.count - 1

export class SharedFile {
  readonly path: string
  readonly #fd: number
  readonly #inode: number
  readonly #bytes = Buffer.alloc(layoutConstants.fileBytes)
  readonly #line = Buffer.alloc(64)
  readonly #order = Buffer.alloc(orderLine.bytes)
  readonly #number = Buffer.alloc(4)
  readonly #sequences = new Uint32Array(layoutConstants.slots)
  #isClosed = false

  private constructor(path: string, fd: number) {
    this.path = path
    this.#fd = fd
    this.#inode = fstatSync(fd).ino
  }

  /** Makes the file, or takes over the one that is there; throws a typed error that names file and field. */
  static open(path: string, deviceId: string, nowNs: number, failOpenMs: number): SharedFile {
    checkNames(path, deviceId)
    const fd = openExisting(path) ?? make(path, deviceId, nowNs)
    try {
      check(path, deviceId, fd, nowNs, failOpenMs)
      const file = new SharedFile(path, fd)
      file.#takeOver()
      return file
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }

  /** Claims and, as far as any is taken, slots; the same buffer at every call. Null when the file has been cut short or closed. */
  read(): { readonly bytes: Buffer; readonly slots: number } | null {
    if (this.#isClosed) return null
    const claimsEnd = claimAt(layoutConstants.slots)
    if (
      readSync(
        this.#fd,
        this.#bytes,
        layoutConstants.claimsAt,
        claimsEnd - layoutConstants.claimsAt,
        layoutConstants.claimsAt,
      ) <
      claimsEnd - layoutConstants.claimsAt
    )
      return null
    let slots = 0
    for (let slot = 0; slot < layoutConstants.slots; slot++)
      if (this.#bytes.readBigUInt64LE(claimAt(slot)) !== 0n) slots = slot + 1
    const length = slots * layoutConstants.slotBytes
    if (readSync(this.#fd, this.#bytes, layoutConstants.slotsAt, length, layoutConstants.slotsAt) < length) return null
    return { bytes: this.#bytes, slots }
  }

  writeHeartbeat(beat: Pick<Header, 'heartbeatNs' | 'ticks' | 'periodUs' | 'failOpenMs'>): void {
    this.#line.fill(0)
    encodeHeartbeat(this.#line, beat)
    writeSync(this.#fd, this.#line, 0, 64, heartbeatAt)
  }

  /** Three writes: the number odd, the lines under it, the number even. A reader between them tries again or keeps what it had. */
  writeOrder(slot: number, order: Order): void {
    const odd = (this.#sequences[slot]! | 1) >>> 0
    const at = slotAt(slot) + orderLine.at
    encodeOrder(this.#order, odd, order)
    this.#number.writeUInt32LE(odd)
    writeSync(this.#fd, this.#number, 0, 4, at)
    writeSync(this.#fd, this.#order, 0, orderLine.bytes, at)
    this.#sequences[slot] = odd + 1
    this.#number.writeUInt32LE(this.#sequences[slot])
    writeSync(this.#fd, this.#number, 0, 4, at)
  }

  /** For a dead owner only. Nobody else touches a taken slot, so its lines are cleaned first and the claim goes last. */
  reclaim(slot: number): void {
    const sequence = ((this.#sequences[slot]! | 1) + 1) >>> 0
    const clean = Buffer.alloc(layoutConstants.slotBytes)
    clean.writeUInt32LE(sequence, orderLine.at)
    writeSync(this.#fd, clean, 0, clean.length, slotAt(slot))
    this.#sequences[slot] = sequence
    writeSync(this.#fd, Buffer.alloc(8), 0, 8, claimAt(slot))
  }

  /** Whether new processes still find this file under its name, whole. */
  isInPlace(): boolean {
    const named = statSync(this.path, { throwIfNoEntry: false })
    return named?.ino === this.#inode && named.size >= layoutConstants.fileBytes
  }

  /** `givesUp`: interposers see that nobody manages from now on, and a successor need not wait. */
  close(options: { readonly givesUp: boolean; readonly removes: boolean }): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (options.givesUp) this.writeHeartbeat({ heartbeatNs: 0, ticks: 0, periodUs: 0, failOpenMs: 0 })
    // Another's file under this name stays.
    const isOurs = statSync(this.path, { throwIfNoEntry: false })?.ino === this.#inode
    if (options.removes && isOurs) unlinkSync(this.path)
    closeSync(this.#fd)
  }

  /** Sequence numbers go on from where the manager before stopped, maybe in the middle of a line. */
  #takeOver(): void {
    const all = Buffer.alloc(layoutConstants.fileBytes)
    readSync(this.#fd, all, 0, all.length, 0)
    for (let slot = 0; slot < layoutConstants.slots; slot++)
      this.#sequences[slot] = all.readUInt32LE(slotAt(slot) + orderLine.at)
  }
}

function checkNames(path: string, deviceId: string): void {
  if (deviceId === '' || Buffer.byteLength(deviceId) > deviceIdBytesMax || deviceId.includes('\0'))
    throw invalid([
      {
        field: 'deviceId',
        description: `is ${JSON.stringify(deviceId)}; give 1 to ${deviceIdBytesMax} bytes without a 0`,
      },
    ])
  // Paths stand in CLOUDLESS_GPU_FILES, parted by colons.
  if (!path.startsWith('/') || path.includes(':') || path.includes('\0'))
    throw invalid([{ field: 'path', description: `is ${JSON.stringify(path)}; give an absolute path without a colon` }])
}

/** Never through a link: /dev/shm is open to everyone. */
function openExisting(path: string): number | null {
  try {
    return openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') return null
    const because = code === 'ELOOP' ? 'it is a symbolic link' : `it cannot be opened (${code ?? String(error)})`
    throw foreign(path, 'type', because, error)
  }
}

/** Written whole under another name first: a process never maps a half-made file. */
function make(path: string, deviceId: string, nowNs: number): number {
  const bytes = Buffer.alloc(layoutConstants.fileBytes)
  encodeHeader(deviceId, nowNs).copy(bytes)
  const draft = `${path}.${process.pid}.new`
  let fd: number
  try {
    fd = openSync(draft, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
  } catch (error) {
    throw new CloudlessError('unavailable', 'GPU_FILE_NOT_MADE', `${draft} cannot be made: ${String(error)}`, {
      cause: error,
    })
  }
  try {
    writeSync(fd, bytes, 0, bytes.length, 0)
    linkSync(draft, path)
    return fd
  } catch (error) {
    closeSync(fd)
    throw new CloudlessError('unavailable', 'GPU_FILE_NOT_MADE', `${path} cannot be made: ${String(error)}`, {
      cause: error,
    })
  } finally {
    unlinkSync(draft)
  }
}

function check(path: string, deviceId: string, fd: number, nowNs: number, failOpenMs: number): void {
  checkOwner(path, fstatSync(fd))
  const bytes = Buffer.alloc(headerBytes)
  readSync(fd, bytes, 0, headerBytes, 0)
  const header = decodeHeader(bytes)
  const wanted = {
    magic: layoutConstants.magic,
    version: layoutConstants.version,
    slots: layoutConstants.slots,
    slotBytes: layoutConstants.slotBytes,
    fileBytes: layoutConstants.fileBytes,
    deviceId,
  } as const
  for (const field of Object.keys(wanted) as (keyof typeof wanted)[])
    if (header[field] !== wanted[field])
      throw foreign(path, field, `${field} is ${shown(header[field])}, not ${shown(wanted[field])}`)
  const ageMs = (nowNs - header.heartbeatNs) / 1e6
  if (header.heartbeatNs > 0 && ageMs >= 0 && ageMs < failOpenMs)
    throw new CloudlessError(
      'unavailable',
      'GPU_FILE_IN_USE',
      `${path}: heartbeatNs is ${ageMs.toFixed(0)} ms old: another manager holds device ${deviceId}; stop it, or try again in ${failOpenMs} ms`,
    )
}

function checkOwner(path: string, stat: Stats): void {
  if (!stat.isFile()) throw foreign(path, 'type', 'it is no regular file')
  if (stat.size !== layoutConstants.fileBytes)
    throw foreign(path, 'size', `size is ${stat.size} bytes, not ${layoutConstants.fileBytes}`)
  const uid = process.getuid?.() ?? stat.uid
  if (stat.uid !== uid) throw foreign(path, 'owner', `owner is user ${stat.uid}, not ${uid}`)
  if ((stat.mode & 0o077) !== 0)
    throw foreign(path, 'mode', `mode is 0${(stat.mode & 0o777).toString(8)}, open to others; 0600 is needed`)
  if (stat.nlink > 1) throw foreign(path, 'links', `it has ${stat.nlink} names`)
}

function foreign(path: string, field: string, because: string, cause?: unknown): CloudlessError {
  return new CloudlessError(
    'conflict',
    'FOREIGN_GPU_FILE',
    `${path} is not a shared file of this manager: ${because}; remove it if no process needs it`,
    { metadata: { file: path, field }, cause },
  )
}

function shown(value: unknown): string {
  return typeof value === 'bigint' ? `0x${value.toString(16)}` : JSON.stringify(value)
}
