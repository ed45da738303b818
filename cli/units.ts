// Numbers for people: bytes, durations and money, always with a unit and never with more digits than they carry.

const byteUnits = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const

/** Decimal units, as clouds bill them: 1 GB is 1e9 bytes. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '-'
  let value = Math.abs(bytes)
  let unit = 0
  while (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : value >= 9.95 ? 1 : 2
  return `${bytes < 0 ? '-' : ''}${value.toFixed(digits)} ${byteUnits[unit]!}`
}

export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '-'
  if (seconds < 0) return `-${formatSeconds(-seconds)}`
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
  const hours = Math.round(seconds / 3600)
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** For durations that are mostly below a second, such as waiting in one round. */
export function formatBrief(seconds: number): string {
  return seconds < 0.9995 ? `${Math.round(seconds * 1000)} ms` : formatSeconds(seconds)
}

/** At least cents, and below a dollar three significant digits, so that a job of a minute does not read as free. */
export function formatUsd(usd: number): string {
  if (!Number.isFinite(usd)) return '-'
  const size = Math.abs(usd)
  if (size === 0) return '$0.00'
  const digits = size >= 1 ? 2 : Math.min(9, Math.max(2, 2 - Math.floor(Math.log10(size))))
  return `${usd < 0 ? '-' : ''}$${size.toFixed(digits)}`
}

export function formatPercent(fraction: number): string {
  if (!Number.isFinite(fraction)) return '-'
  return `${(fraction * 100).toFixed(Math.abs(fraction) < 0.1 ? 1 : 0)} %`
}

export function formatCount(count: number): string {
  return Number.isFinite(count) ? Math.round(count).toLocaleString('en-US') : '-'
}

export function formatSteps(steps: number): string {
  return `${formatCount(steps)} ${Math.round(steps) === 1 ? 'step' : 'steps'}`
}

/** Requests a second, milliseconds. */
export function formatTenths(value: number): string {
  return Number.isFinite(value) ? value.toFixed(1) : '-'
}

/** A measured figure such as a loss; four digits are what training noise leaves. */
export function formatFigure(value: number): string {
  return Number.isFinite(value) ? value.toFixed(4) : '-'
}

/** Of a day that the reader knows. */
export function formatTimeOfDay(atMs: number): string {
  return atMs > 0 ? `${new Date(atMs).toISOString().slice(11, 19)}Z` : '-'
}

/** Of a year that the reader knows. */
export function formatDayTime(atMs: number): string {
  return formatTime(atMs).slice(-15)
}

export function formatTime(atMs: number): string {
  return atMs > 0 ? `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')}Z` : '-'
}
