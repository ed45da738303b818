// Devices as they are, asked for every second; goes on through a control plane that is away for a while.
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { waits } from './config.ts'
import type { DevicesNow } from './render/devices.ts'
import type { RegionClient } from './services.ts'
import { formatSeconds } from './units.ts'

export type Asking = {
  readonly regions: Pick<RegionClient, 'listDevices' | 'listRegions'>
  /** All when empty. */
  readonly names: readonly string[]
  readonly signal: AbortSignal
}

export async function askForDevices({ regions, names, signal }: Asking): Promise<DevicesNow> {
  const [told, all] = await Promise.all([
    regions.listDevices({ regions: [...names] }, { signal }),
    regions.listRegions({}, { signal }),
  ])
  const asked = all.regions.filter(({ name }) => names.length === 0 || names.includes(name))
  return { regions: asked, devices: told.devices }
}

export type WatchDevices = Asking & {
  readonly clock: Clock
  /** Told once each time the control plane goes away, and once when it is back. */
  readonly onAway: (why: string) => void
  readonly onBack: () => void
}

/** Until `signal` is aborted. */
export async function* watchDevices(options: WatchDevices): AsyncGenerator<DevicesNow> {
  const { clock, signal } = options
  let awaySinceMs: number | null = null
  while (!signal.aborted) {
    const found = await asOrAway(options)
    if (signal.aborted) return
    if (!(found instanceof CloudlessError)) {
      if (awaySinceMs !== null) options.onBack()
      awaySinceMs = null
      yield found
    } else {
      const nowMs = clock.monotonicMs()
      if (awaySinceMs === null) options.onAway(found.message)
      awaySinceMs ??= nowMs
      if (nowMs - awaySinceMs > waits.reconnectForMs) throw givenUp(found)
    }
    await clock.sleep(waits.redrawMs, signal)
  }
}

/** The error where another try may cure it. */
async function asOrAway(options: Asking): Promise<DevicesNow | CloudlessError> {
  try {
    return await askForDevices(options)
  } catch (error) {
    const isAway = error instanceof CloudlessError && passing.has(error.kind)
    if (!isAway && !options.signal.aborted) throw error
    return isAway ? error : new CloudlessError('cancelled', 'INTERRUPTED', 'interrupted', { cause: error })
  }
}

/** A server that stops cancels what was asked of it. */
const passing: ReadonlySet<string> = new Set(['unavailable', 'deadline', 'cancelled'])

function givenUp(cause: CloudlessError): CloudlessError {
  const text = `giving up: the control plane is away for ${formatSeconds(waits.reconnectForMs / 1000)} (${cause.message})`
  return new CloudlessError('unavailable', 'CONTROL_PLANE_AWAY', text, { cause })
}
