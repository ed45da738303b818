// A process on a shared device as its interposer writes it, for tests: takes a slot, writes its lines, reads its orders.
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { claimAt, decodeOrder, orderLine, roleNumbers, slotAt, slotFields, type Order } from './layout.ts'

type Line = Partial<
  Record<
    Exclude<keyof typeof slotFields, 'cycleUs' | 'yieldsTo' | 'name' | 'windowFromNs' | 'windowUntilNs'>,
    number | bigint
  >
>

export class FakeProcess {
  readonly slot: number
  readonly pid: number
  readonly #fd: number

  constructor(
    path: string,
    slot: number,
    owner: { readonly pid: number; readonly startTicks: number; readonly tag: bigint; readonly nowNs: number },
  ) {
    this.slot = slot
    this.pid = owner.pid
    this.#fd = openSync(path, 'r+')
    const claim = Buffer.alloc(8)
    claim.writeUInt32LE(owner.pid, 0)
    claim.writeUInt32LE(owner.startTicks, 4)
    writeSync(this.#fd, claim, 0, 8, claimAt(slot))
    this.write({ tag: owner.tag, pid: owner.pid, claimedAtNs: owner.nowNs, role: roleNumbers.confined })
  }

  write(line: Line): void {
    for (const [name, value] of Object.entries(line)) {
      const field = slotFields[name as keyof typeof slotFields]
      const bytes = Buffer.alloc(field.bytes)
      if (field.bytes === 8) bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)))
      else bytes.writeUInt32LE(Number(value) >>> 0)
      writeSync(this.#fd, bytes, 0, bytes.length, slotAt(this.slot) + field.at)
    }
  }

  /** The `count`-th busy time has ended, and lasted so long. */
  cycle(count: number, us: number): void {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(us)
    writeSync(this.#fd, bytes, 0, 4, slotAt(this.slot) + slotFields.cycleUs.at + ((count - 1) % 4) * 4)
    this.write({ cycles: count })
  }

  /** Any bytes over lines A, B and E, as a broken process leaves them. */
  scribble(bytes: Buffer): void {
    writeSync(this.#fd, bytes, 0, 128, slotAt(this.slot))
    writeSync(this.#fd, bytes, 128, 64, slotAt(this.slot) + slotFields.tag.at)
  }

  order(): { readonly sequence: number; readonly order: Order } | null {
    const line = Buffer.alloc(orderLine.bytes)
    readSync(this.#fd, line, 0, line.length, slotAt(this.slot) + orderLine.at)
    return decodeOrder(line)
  }

  claim(): bigint {
    const bytes = Buffer.alloc(8)
    readSync(this.#fd, bytes, 0, 8, claimAt(this.slot))
    return bytes.readBigUInt64LE(0)
  }

  close(): void {
    closeSync(this.#fd)
  }
}
