// Devices in a live view, redrawn in place. As with a job, that the control plane is away stands in the drawing: what is shown is
// old then.
import type { Clock } from '#runtime/clock.ts'
import { openLiveView } from './live-view.ts'
import type { Output } from './output.ts'
import { renderDevices, type DevicesNow } from './render/devices.ts'
import { formatSeconds, formatTimeOfDay } from './units.ts'

export type LiveDevices = {
  show(now: DevicesNow): void
  /** The control plane went away, or came back. */
  setAway(isAway: boolean): void
  /** Leaves the last drawing standing, whole. */
  end(): void
}

export function openLiveDevices(output: Pick<Output, 'raw' | 'columns' | 'rows' | 'style'>, clock: Clock): LiveDevices {
  const view = openLiveView(output, clock)
  let shown: { readonly now: DevicesNow; readonly atMs: number } | null = null
  let awaySinceMs: number | null = null
  const render = (): string => {
    const lines: string[] = []
    if (awaySinceMs !== null) {
      const away = `control plane away for ${formatSeconds((clock.monotonicMs() - awaySinceMs) / 1000)}`
      const age = shown === null ? 'waiting for it' : `figures are from ${formatTimeOfDay(shown.atMs)}`
      lines.push(output.style.yellow(`${away}; ${age}`))
    }
    if (shown !== null) lines.push(renderDevices(shown.now, output.style, clock.now()))
    return lines.join('\n')
  }
  return {
    show: (now) => {
      shown = { now, atMs: clock.now() }
      view.show(render)
    },
    setAway: (isAway) => {
      awaySinceMs = isAway ? clock.monotonicMs() : null
      view.show(render)
    },
    end: () => view.end(),
  }
}
