// Shares in time and space in rows (HAS-GPU, Euro-Par 2025): all of a row have the row's multiprocessors and divide its time, so an
// instance grows and shrinks in its row and disturbs no other. A row with the same multiprocessors is taken first, then a new row,
// then, for those that can do with other multiprocessors, the row with the most time left. The published program forgets that
// the rows together have no more multiprocessors than the GPU, and computes its occupancy in whole numbers, where it is nearly
// always 0; here it is kept in millionths.
import { placementConfig } from '#physical-plane/gpu-sharing/placement/config.ts'
import { SharedMemory, type MemoryAsk } from '#physical-plane/gpu-sharing/placement/shared-memory.ts'
import { assert, present } from '#runtime/assert.ts'

export type RowAsk = MemoryAsk & {
  readonly holder: string
  readonly quotaMilli: number
  readonly smMilli: number
  /** It runs with the multiprocessors of another row too, where nothing else is left. */
  readonly takesOtherRows: boolean
}

export type RowDevice = { readonly id: string; readonly memoryBytes: number }
/** `smMilli` of the row: a row that is not there yet is begun. */
export type RowPlace = { readonly deviceId: string; readonly smMilli: number }
export type Row = { readonly smMilli: number; readonly quotaMilli: number; readonly holders: readonly string[] }

type RowState = { readonly smMilli: number; quotaMilli: number; readonly quotas: Map<string, number> }
type State = {
  readonly id: string
  readonly memory: SharedMemory
  rows: readonly RowState[]
  occupancyMillionths: number
}

const { wholeMilli, rowsMax } = placementConfig

export class RowIndex {
  readonly #devices: readonly State[]
  readonly #byId: ReadonlyMap<string, State>
  readonly #of = new Map<string, { readonly state: State; readonly row: RowState }>()

  constructor(devices: readonly RowDevice[]) {
    this.#devices = devices
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .map(({ id, memoryBytes }) => ({ id, memory: new SharedMemory(memoryBytes), rows: [], occupancyMillionths: 0 }))
    this.#byId = new Map(this.#devices.map((state) => [state.id, state]))
    assert(this.#byId.size === devices.length, 'two devices have one id')
  }

  /** GPUs in use before fresh ones, the least occupied first; null where no row has room. */
  choose(ask: RowAsk): RowPlace | null {
    assertAsk(ask)
    const open = this.#devices.filter(({ memory }) => memory.fits(ask))
    const inUse = open
      .filter(({ rows }) => rows.length > 0)
      .sort((a, b) => a.occupancyMillionths - b.occupancyMillionths)
    for (const state of [...inUse, ...open.filter(({ rows }) => rows.length === 0)]) {
      const smMilli = rowFor(state.rows, ask)
      if (smMilli !== null) return { deviceId: state.id, smMilli }
    }
    return null
  }

  hold(ask: RowAsk, { deviceId, smMilli }: RowPlace): void {
    assertAsk(ask)
    const { holder, quotaMilli } = ask
    const state = present(this.#byId.get(deviceId), `device ${deviceId}`)
    assert(!this.#of.has(holder), `${holder} is in a row already`)
    assert(smMilli === ask.smMilli || ask.takesOtherRows, `${holder} does not run on ${smMilli} multiprocessors`)
    const known = state.rows.find((row) => row.smMilli === smMilli)
    assert(known !== undefined || mayBegin(state.rows, smMilli), `${deviceId} has no room for a row of ${smMilli}`)
    assert(
      (known?.quotaMilli ?? 0) + quotaMilli <= wholeMilli,
      `row ${smMilli} of ${deviceId} is oversold by ${holder}`,
    )
    state.memory.hold(holder, ask)
    const row = known ?? { smMilli, quotaMilli: 0, quotas: new Map<string, number>() }
    if (known === undefined) state.rows = [...state.rows, row]
    this.#of.set(holder, { state, row })
    this.#change(state, row, holder, quotaMilli)
  }

  /** Another quota in the same row: false where the row has not as much. */
  stretch(holder: string, quotaMilli: number): boolean {
    const { state, row } = present(this.#of.get(holder), `the row of ${holder}`)
    assert(Number.isInteger(quotaMilli) && quotaMilli >= 1, `${holder} is stretched to ${quotaMilli} thousandths`)
    if (row.quotaMilli - row.quotas.get(holder)! + quotaMilli > wholeMilli) return false
    this.#change(state, row, holder, quotaMilli)
    return true
  }

  release(holder: string): boolean {
    const own = this.#of.get(holder)
    if (own === undefined) return false
    const { state, row } = own
    this.#of.delete(holder)
    this.#change(state, row, holder, 0)
    row.quotas.delete(holder)
    if (row.quotas.size === 0) state.rows = state.rows.filter((other) => other !== row)
    state.memory.release(holder)
    return true
  }

  rowsOf(deviceId: string): readonly Row[] {
    return present(this.#byId.get(deviceId), `device ${deviceId}`).rows.map(({ smMilli, quotaMilli, quotas }) => ({
      smMilli,
      quotaMilli,
      holders: [...quotas.keys()],
    }))
  }

  /** HGO: the share of the GPU that is promised, multiprocessors times time, in millionths. */
  occupancyMillionths(deviceId: string): number {
    return present(this.#byId.get(deviceId), `device ${deviceId}`).occupancyMillionths
  }

  #change(state: State, row: RowState, holder: string, quotaMilli: number): void {
    const more = quotaMilli - (row.quotas.get(holder) ?? 0)
    row.quotas.set(holder, quotaMilli)
    row.quotaMilli += more
    state.occupancyMillionths += row.smMilli * more
  }
}

function rowFor(rows: readonly RowState[], { smMilli, quotaMilli, takesOtherRows }: RowAsk): number | null {
  const own = rows.find((row) => row.smMilli === smMilli)
  if (own !== undefined && own.quotaMilli + quotaMilli <= wholeMilli) return smMilli
  if (own === undefined && mayBegin(rows, smMilli)) return smMilli
  if (!takesOtherRows) return null
  const loosest = rows.toSorted((a, b) => a.quotaMilli - b.quotaMilli)[0]
  return loosest !== undefined && loosest.quotaMilli + quotaMilli <= wholeMilli ? loosest.smMilli : null
}

function mayBegin(rows: readonly RowState[], smMilli: number): boolean {
  return rows.length < rowsMax && rows.reduce((sum, row) => sum + row.smMilli, smMilli) <= wholeMilli
}

function assertAsk({ holder, quotaMilli, smMilli }: RowAsk): void {
  for (const milli of [quotaMilli, smMilli])
    assert(
      Number.isInteger(milli) && milli >= 1 && milli <= wholeMilli,
      `${holder} asks for ${quotaMilli} thousandths of the time on ${smMilli} of the multiprocessors`,
    )
}
