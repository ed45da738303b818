// Gets what a status or a header of another region named: whole payloads, checked against their sha256, in memory of the
// caller. How the bytes travel is the business of the region's lane; how many payloads may be on their way is decided here,
// region by region, so that nobody waits for what is asked of one that is away.
import { CloudlessError, invalid } from '#runtime/errors.ts'
import { ByteBudget } from './byte-budget.ts'
import { fetchingBytesMax, payloadBytesMax } from './config.ts'
import type { Lane } from './lane.ts'
import type { PayloadMemory } from './payload-memory.ts'
import type { PeerFetcher } from './peer-side.ts'
import { Transfer } from './transfer.ts'

export class Fetcher implements PeerFetcher {
  readonly #lanes: ReadonlyMap<string, Pick<Lane, 'add' | 'remove'>>
  readonly #memory: PayloadMemory
  readonly #budgets: ReadonlyMap<string, ByteBudget>

  constructor(lanes: ReadonlyMap<string, Pick<Lane, 'add' | 'remove'>>, memory: PayloadMemory) {
    this.#lanes = lanes
    this.#memory = memory
    this.#budgets = new Map([...lanes.keys()].map((region) => [region, new ByteBudget(fetchingBytesMax)]))
  }

  async fetch(
    region: string,
    payload: { readonly sha256: string; readonly bytes: number },
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const lane = this.#lanes.get(region)
    const budget = this.#budgets.get(region)
    if (lane === undefined || budget === undefined) {
      throw new CloudlessError('not-found', 'UNKNOWN_REGION', `${region} is not another region of the job`)
    }
    const { sha256, bytes } = payload
    if (!Number.isSafeInteger(bytes) || bytes < 1 || bytes > payloadBytesMax) {
      throw invalid([{ field: 'payload.bytes', description: `${bytes} must be from 1 to ${payloadBytesMax}` }])
    }
    await budget.take(bytes, signal)
    try {
      return await this.#transfer(lane, new Transfer(region, sha256, this.#memory.allocate(bytes)), signal)
    } finally {
      budget.giveBack(bytes)
    }
  }

  async #transfer(lane: Pick<Lane, 'add' | 'remove'>, transfer: Transfer, signal: AbortSignal): Promise<Uint8Array> {
    const stop = (): void => transfer.fail(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    else lane.add(transfer)
    try {
      return await transfer.done
    } catch (error) {
      this.#memory.release(transfer.target)
      throw error
    } finally {
      signal.removeEventListener('abort', stop)
      lane.remove(transfer)
    }
  }
}
