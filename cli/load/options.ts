// What `cloudless load` was asked for, checked before the first request.
import { readFileSync, statSync } from 'node:fs'
import { invalid, messageOf, type FieldViolation } from '#runtime/errors.ts'
import { loadLimits } from './config.ts'

/** "90", "90s", "5m", "1h" or "500ms" in milliseconds. */
export function durationMs(field: string, text: string): number {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text)
  const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[found?.[2] ?? 's']
  const ms = Number(found?.[1]) * (unitMs ?? 1)
  if (found !== null && ms >= 1 && ms <= loadLimits.durationMsMax) return ms
  throw refusal({
    field,
    description: `${JSON.stringify(text)} is no time from 1ms to 24h; give for example 60s or 5m`,
  })
}

export function rateOf(field: string, text: string): number {
  const rate = Number(text)
  if (text.trim() !== '' && rate > 0 && rate <= loadLimits.rateMax) return rate
  const description = `${JSON.stringify(text)} is no rate; give requests per second, above 0 and at most ${loadLimits.rateMax}`
  throw refusal({ field, description })
}

/** A rate per second and line, or a JSON list of them; times `scale`. */
export function readTrace(path: string, scale: number): readonly number[] {
  const text = readText(path)
  const values: readonly unknown[] = /^\s*\[/.test(text) ? parsedList(path, text) : text.split(/\s+/).filter(Boolean)
  const rates = values.map((value, i) => {
    const rate = typeof value === 'number' ? value : typeof value === 'string' ? Number(value) : Number.NaN
    if (rate >= 0 && rate * scale <= loadLimits.rateMax) return rate * scale
    const shown = JSON.stringify(value) ?? ''
    const description = `${path}: value ${i + 1} is ${shown.slice(0, 40)}; give requests per second from 0 to ${loadLimits.rateMax}`
    throw refusal({ field: '--trace', description })
  })
  if (rates.some((rate) => rate > 0)) return rates
  throw refusal({ field: '--trace', description: `${path} asks for nothing; give a rate above 0 in at least one line` })
}

function parsedList(path: string, text: string): readonly unknown[] {
  try {
    return JSON.parse(text) as readonly unknown[]
  } catch (error) {
    throw refusal({ field: '--trace', description: `${path} is no JSON list: ${messageOf(error)}` })
  }
}

function readText(path: string): string {
  let found: string
  try {
    const { size } = statSync(path)
    if (size > loadLimits.traceBytesMax)
      throw new Error(`it has ${size} bytes; at most ${loadLimits.traceBytesMax} are read`)
    found = readFileSync(path, 'utf8')
  } catch (error) {
    throw refusal({ field: '--trace', description: `cannot read ${path}: ${messageOf(error)}` })
  }
  return found
}

export function refusal(violation: FieldViolation): Error {
  return invalid([violation], 'USAGE')
}
