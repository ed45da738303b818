// The shared file of one GPU, byte for byte: the mirror of physical-plane/interposer/shared.h, which says what each field
// means and who writes it. A field is named as there, in camel case; a test compiles the C and compares every offset.
// Limit: numbers above 2^53 lose their last bits here (times after 104 days of uptime, to 2 ns); tags and claims are exact.

type Field = { readonly at: number; readonly bytes: 1 | 4 | 8; readonly count?: number }

export const layoutConstants = {
  magic: 0x31555047444c4c43n,
  version: 2,
  slots: 256,
  claimsAt: 4096,
  slotsAt: 8192,
  slotBytes: 320,
  fileBytes: 8192 + 256 * 320,
  yields: 8,
  cycles: 4,
  windows: 3,
  /** In queueUs: it waits for its work. */
  queueWaitedFor: 2 ** 32 - 1,
} as const

export const headerFields = {
  magic: { at: 0, bytes: 8 },
  version: { at: 8, bytes: 4 },
  slots: { at: 12, bytes: 4 },
  slotBytes: { at: 16, bytes: 4 },
  fileBytes: { at: 20, bytes: 4 },
  madeAtNs: { at: 24, bytes: 8 },
  deviceId: { at: 64, bytes: 1, count: 64 },
  heartbeatNs: { at: 128, bytes: 8 },
  ticks: { at: 136, bytes: 8 },
  periodUs: { at: 144, bytes: 4 },
  failOpenMs: { at: 148, bytes: 4 },
} as const satisfies Readonly<Record<string, Field>>

export const headerBytes = 192

/** Lines A and B by the interposer, C and D by the manager, E by the interposer when it takes the slot. */
export const slotFields = {
  role: { at: 0, bytes: 4 },
  busy: { at: 4, bytes: 4 },
  launches: { at: 8, bytes: 8 },
  spentNs: { at: 16, bytes: 8 },
  lastLaunchNs: { at: 24, bytes: 8 },
  busySinceNs: { at: 32, bytes: 8 },
  idleSinceNs: { at: 40, bytes: 8 },
  segmentsOpen: { at: 48, bytes: 4 },
  isWaiting: { at: 52, bytes: 4 },
  onlyCommunicates: { at: 56, bytes: 4 },
  queueUs: { at: 60, bytes: 4 },

  gpuNs: { at: 64, bytes: 8 },
  memoryBytes: { at: 72, bytes: 8 },
  waitedNs: { at: 80, bytes: 8 },
  waits: { at: 88, bytes: 4 },
  graphLaunches: { at: 92, bytes: 4 },
  synchronisations: { at: 96, bytes: 4 },
  cycles: { at: 100, bytes: 4 },
  cycleUs: { at: 104, bytes: 4, count: 4 },
  hostGapNs: { at: 120, bytes: 8 },

  sequence: { at: 128, bytes: 4 },
  mode: { at: 132, bytes: 4 },
  grantedNs: { at: 136, bytes: 8 },
  memoryLimitBytes: { at: 144, bytes: 8 },
  segmentsMax: { at: 152, bytes: 4 },
  segmentUs: { at: 156, bytes: 4 },
  barrierUs: { at: 160, bytes: 4 },
  blockMaxUs: { at: 164, bytes: 4 },
  openUntilNs: { at: 168, bytes: 8 },
  yieldsTo: { at: 176, bytes: 1, count: 8 },
  patienceUs: { at: 184, bytes: 4 },
  bubbleUs: { at: 188, bytes: 4 },

  windowFromNs: { at: 192, bytes: 8, count: 3 },
  windowUntilNs: { at: 216, bytes: 8, count: 3 },
  tokenUs: { at: 240, bytes: 4 },

  tag: { at: 256, bytes: 8 },
  claimedAtNs: { at: 264, bytes: 8 },
  pid: { at: 272, bytes: 4 },
  deviceOrdinal: { at: 276, bytes: 4 },
  driverVersion: { at: 280, bytes: 4 },
  interposerVersion: { at: 284, bytes: 4 },
  name: { at: 288, bytes: 1, count: 32 },
} as const satisfies Readonly<Record<string, Field>>

/** Where the manager's two lines of a slot begin in the slot, and how long they are. */
export const orderLine = { at: 128, bytes: 128 } as const

export const roleNumbers = { protected: 1, confined: 2 } as const
export const modeNumbers = { pass: 0, tokens: 1, stop: 2, window: 3 } as const

export type Header = {
  readonly magic: bigint
  readonly version: number
  readonly slots: number
  readonly slotBytes: number
  readonly fileBytes: number
  readonly madeAtNs: number
  readonly deviceId: string
  readonly heartbeatNs: number
  readonly ticks: number
  readonly periodUs: number
  readonly failOpenMs: number
}

/** What a process has written of itself: read it with suspicion. */
export type SlotReading = {
  readonly role: number
  readonly isBusy: boolean
  readonly launches: number
  readonly spentNs: number
  readonly lastLaunchNs: number
  readonly busySinceNs: number
  readonly idleSinceNs: number
  readonly segmentsOpen: number
  readonly isWaiting: boolean
  readonly onlyCommunicates: boolean
  /** Since when; 0 where it does more. */
  readonly communicatesSinceNs: number
  readonly queueUs: number
  readonly gpuNs: number
  readonly memoryBytes: number
  readonly waitedNs: number
  readonly waits: number
  readonly graphLaunches: number
  readonly synchronisations: number
  readonly cycles: number
  /** The ring as it lies there. */
  readonly cycleUs: readonly number[]
  readonly hostGapNs: number
  readonly tag: bigint
  readonly claimedAtNs: number
  readonly pid: number
  readonly name: string
}

/** From when on launches are let through, and until when. */
export type Window = { readonly fromNs: number; readonly untilNs: number }

/** What the manager tells a process: lines C and D without the sequence number. */
export type Order = {
  readonly mode: keyof typeof modeNumbers
  readonly grantedNs: number
  readonly memoryLimitBytes: number
  readonly segmentsMax: number
  readonly segmentUs: number
  readonly barrierUs: number
  readonly blockMaxUs: number
  readonly openUntilNs: number
  /** Slots, at most eight. */
  readonly yieldsTo: readonly number[]
  /** A busy peer that does not wait for its work counts as idle so long after that must be done. */
  readonly patienceUs: number
  /** Nothing is launched that would end later than so long after the last peer became idle; 0: no such limit. */
  readonly bubbleUs: number
  /** In the mode of that name: three at most, which may lie ahead. */
  readonly windows: readonly Window[]
  /** A whole token: what takes longer fits into none, and begins alone in one. */
  readonly tokenUs: number
}

/** Everything passes: what an empty line says. */
export const passOrder: Order = {
  mode: 'pass',
  grantedNs: 0,
  memoryLimitBytes: 0,
  segmentsMax: 0,
  segmentUs: 0,
  barrierUs: 0,
  blockMaxUs: 0,
  openUntilNs: 0,
  yieldsTo: [],
  patienceUs: 0,
  bubbleUs: 0,
  windows: [],
  tokenUs: 0,
}

export function slotAt(slot: number): number {
  return layoutConstants.slotsAt + slot * layoutConstants.slotBytes
}

export function claimAt(slot: number): number {
  return layoutConstants.claimsAt + slot * 8
}

export function decodeHeader(bytes: Buffer): Header {
  const at = headerFields
  return {
    magic: bytes.readBigUInt64LE(at.magic.at),
    version: bytes.readUInt32LE(at.version.at),
    slots: bytes.readUInt32LE(at.slots.at),
    slotBytes: bytes.readUInt32LE(at.slotBytes.at),
    fileBytes: bytes.readUInt32LE(at.fileBytes.at),
    madeAtNs: readNumber(bytes, at.madeAtNs.at),
    deviceId: readText(bytes, at.deviceId.at, at.deviceId.count),
    heartbeatNs: readNumber(bytes, at.heartbeatNs.at),
    ticks: readNumber(bytes, at.ticks.at),
    periodUs: bytes.readUInt32LE(at.periodUs.at),
    failOpenMs: bytes.readUInt32LE(at.failOpenMs.at),
  }
}

/** Lines 0 and 1, written once; the heartbeat's line stays empty. */
export function encodeHeader(deviceId: string, madeAtNs: number): Buffer {
  const bytes = Buffer.alloc(headerBytes)
  const at = headerFields
  bytes.writeBigUInt64LE(layoutConstants.magic, at.magic.at)
  bytes.writeUInt32LE(layoutConstants.version, at.version.at)
  bytes.writeUInt32LE(layoutConstants.slots, at.slots.at)
  bytes.writeUInt32LE(layoutConstants.slotBytes, at.slotBytes.at)
  bytes.writeUInt32LE(layoutConstants.fileBytes, at.fileBytes.at)
  writeNumber(bytes, at.madeAtNs.at, madeAtNs)
  // The last byte stays 0.
  bytes.write(deviceId, at.deviceId.at, at.deviceId.count - 1, 'utf8')
  return bytes
}

/** Line 2 of the header. */
export function encodeHeartbeat(into: Buffer, beat: Pick<Header, 'heartbeatNs' | 'ticks' | 'periodUs' | 'failOpenMs'>) {
  const line = headerFields.heartbeatNs.at
  writeNumber(into, 0, beat.heartbeatNs)
  writeNumber(into, headerFields.ticks.at - line, beat.ticks)
  into.writeUInt32LE(uint32(beat.periodUs), headerFields.periodUs.at - line)
  into.writeUInt32LE(uint32(beat.failOpenMs), headerFields.failOpenMs.at - line)
}

export function decodeClaim(bytes: Buffer, at: number): { readonly pid: number; readonly startTicks: number } | null {
  const pid = bytes.readUInt32LE(at)
  const startTicks = bytes.readUInt32LE(at + 4)
  return pid === 0 && startTicks === 0 ? null : { pid, startTicks }
}

/** `at` is where the slot begins in `bytes`. */
export function decodeSlot(bytes: Buffer, at: number): SlotReading {
  const field = slotFields
  const u32 = ({ at: offset }: Field): number => bytes.readUInt32LE(at + offset)
  const u64 = ({ at: offset }: Field): number => readNumber(bytes, at + offset)
  return {
    role: u32(field.role),
    isBusy: u32(field.busy) !== 0,
    launches: u64(field.launches),
    spentNs: u64(field.spentNs),
    lastLaunchNs: u64(field.lastLaunchNs),
    busySinceNs: u64(field.busySinceNs),
    idleSinceNs: u64(field.idleSinceNs),
    segmentsOpen: u32(field.segmentsOpen),
    isWaiting: u32(field.isWaiting) !== 0,
    onlyCommunicates: u32(field.onlyCommunicates) !== 0,
    communicatesSinceNs:
      u32(field.onlyCommunicates) === 0 ? 0 : u64(field.busySinceNs) + (u32(field.onlyCommunicates) - 1) * 1000,
    queueUs: u32(field.queueUs),
    gpuNs: u64(field.gpuNs),
    memoryBytes: u64(field.memoryBytes),
    waitedNs: u64(field.waitedNs),
    waits: u32(field.waits),
    graphLaunches: u32(field.graphLaunches),
    synchronisations: u32(field.synchronisations),
    cycles: u32(field.cycles),
    cycleUs: [0, 4, 8, 12].map((step) => bytes.readUInt32LE(at + field.cycleUs.at + step)),
    hostGapNs: u64(field.hostGapNs),
    tag: bytes.readBigUInt64LE(at + field.tag.at),
    claimedAtNs: u64(field.claimedAtNs),
    pid: u32(field.pid),
    name: readText(bytes, at + field.name.at, field.name.count),
  }
}

/** The manager's lines, with this sequence number; `into` holds their 128 bytes. */
export function encodeOrder(into: Buffer, sequence: number, order: Order): void {
  const at = (field: Field): number => field.at - orderLine.at
  into.fill(0)
  into.writeUInt32LE(sequence >>> 0, at(slotFields.sequence))
  into.writeUInt32LE(modeNumbers[order.mode], at(slotFields.mode))
  writeNumber(into, at(slotFields.grantedNs), order.grantedNs)
  writeNumber(into, at(slotFields.memoryLimitBytes), order.memoryLimitBytes)
  into.writeUInt32LE(uint32(order.segmentsMax), at(slotFields.segmentsMax))
  into.writeUInt32LE(uint32(order.segmentUs), at(slotFields.segmentUs))
  into.writeUInt32LE(uint32(order.barrierUs), at(slotFields.barrierUs))
  into.writeUInt32LE(uint32(order.blockMaxUs), at(slotFields.blockMaxUs))
  writeNumber(into, at(slotFields.openUntilNs), order.openUntilNs)
  into.writeUInt32LE(uint32(order.patienceUs), at(slotFields.patienceUs))
  into.writeUInt32LE(uint32(order.bubbleUs), at(slotFields.bubbleUs))
  into.writeUInt32LE(uint32(order.tokenUs), at(slotFields.tokenUs))
  for (const [index, { fromNs, untilNs }] of order.windows.slice(0, layoutConstants.windows).entries()) {
    writeNumber(into, at(slotFields.windowFromNs) + 8 * index, fromNs)
    writeNumber(into, at(slotFields.windowUntilNs) + 8 * index, untilNs)
  }
  // Slots from 255 on have no number here: a byte holds the slot + 1.
  const peers = order.yieldsTo.filter((slot) => slot >= 0 && slot < 255).slice(0, layoutConstants.yields)
  for (const [index, slot] of peers.entries()) into.writeUInt8(slot + 1, at(slotFields.yieldsTo) + index)
}

/** The inverse of `encodeOrder`, as an interposer reads it; null for a mode that does not exist. */
export function decodeOrder(line: Buffer): { readonly sequence: number; readonly order: Order } | null {
  const at = (field: Field): number => field.at - orderLine.at
  const modeNumber = line.readUInt32LE(at(slotFields.mode))
  const mode = (['pass', 'tokens', 'stop', 'window'] as const).find((name) => modeNumbers[name] === modeNumber)
  if (mode === undefined) return null
  const windows = Array.from({ length: layoutConstants.windows }, (_, index) => ({
    fromNs: readNumber(line, at(slotFields.windowFromNs) + 8 * index),
    untilNs: readNumber(line, at(slotFields.windowUntilNs) + 8 * index),
  }))
  const peers = [...line.subarray(at(slotFields.yieldsTo), at(slotFields.yieldsTo) + layoutConstants.yields)]
  return {
    sequence: line.readUInt32LE(at(slotFields.sequence)),
    order: {
      mode,
      grantedNs: readNumber(line, at(slotFields.grantedNs)),
      memoryLimitBytes: readNumber(line, at(slotFields.memoryLimitBytes)),
      segmentsMax: line.readUInt32LE(at(slotFields.segmentsMax)),
      segmentUs: line.readUInt32LE(at(slotFields.segmentUs)),
      barrierUs: line.readUInt32LE(at(slotFields.barrierUs)),
      blockMaxUs: line.readUInt32LE(at(slotFields.blockMaxUs)),
      openUntilNs: readNumber(line, at(slotFields.openUntilNs)),
      yieldsTo: peers.filter((byte) => byte !== 0).map((byte) => byte - 1),
      patienceUs: line.readUInt32LE(at(slotFields.patienceUs)),
      bubbleUs: line.readUInt32LE(at(slotFields.bubbleUs)),
      windows: windows.filter(({ untilNs }) => untilNs > 0),
      tokenUs: line.readUInt32LE(at(slotFields.tokenUs)),
    },
  }
}

function readNumber(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32
}

/** Whole, and within 64 bits: what is computed from nonsense must not throw here. */
function writeNumber(bytes: Buffer, at: number, value: number): void {
  const safe = Number.isFinite(value) ? Math.min(Math.max(0, Math.floor(value)), 2 ** 64 - 2 ** 12) : 0
  bytes.writeUInt32LE(safe % 2 ** 32, at)
  bytes.writeUInt32LE(Math.floor(safe / 2 ** 32), at + 4)
}

function uint32(value: number): number {
  return Number.isFinite(value) ? Math.min(Math.max(0, Math.round(value)), 2 ** 32 - 1) : 0
}

function readText(bytes: Buffer, at: number, length: number): string {
  const text = bytes.subarray(at, at + length)
  const end = text.indexOf(0)
  return text.toString('utf8', 0, end === -1 ? length : end)
}
