// Numbers as people write them: from 0, with or without a unit.

/** Null for what is no number from 0. */
export function numberOf(text: string): number | null {
  const value = /^\d{1,15}(\.\d{1,15})?(e-?\d{1,2})?$/.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(value) ? value : null
}

export function bytesOf(text: string): number | null {
  const bytes = withUnit(text, { '': 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 })
  return bytes === null ? null : Math.round(bytes)
}

export function withUnit(text: string, factors: Readonly<Record<string, number>>): number | null {
  const { number = '', unit = '' } = /^(?<number>[\d.]+)(?<unit>[A-Za-z]*)$/.exec(text)?.groups ?? {}
  const value = numberOf(number)
  const factor = Object.hasOwn(factors, unit) ? factors[unit] : undefined
  return value === null || factor === undefined ? null : value * factor
}
