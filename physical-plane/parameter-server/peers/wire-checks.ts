// Collects what is wrong with a message of another region, field by field, so that one refusal names it all. Nothing of
// a message is used before `done` has let it pass; until then a wrong value is replaced by a harmless one.
import { codecNames, type CodecName } from '#proto/sync/settings.ts'
import { invalid, type FieldViolation } from '#runtime/errors.ts'
import type { Members } from '../members.ts'
import { cursorBytesMax, textBytesMax, valueCharactersMax, violationsMax } from './config.ts'

export class WireChecks {
  readonly #members: Pick<Members, 'all' | 'has'>
  readonly #violations: FieldViolation[] = []

  constructor(members: Pick<Members, 'all' | 'has'>) {
    this.#members = members
  }

  /** Throws unless everything was right. */
  done(): void {
    if (this.#violations.length > 0) throw invalid(this.#violations)
  }

  get hasFailed(): boolean {
    return this.#violations.length > 0
  }

  that(isRight: boolean, field: string, value: unknown, wanted: string): boolean {
    return isRight || this.wrong(field, shown(value), wanted)
  }

  /** `found` in words, for what is no value of its own. */
  fact(isRight: boolean, field: string, found: string, wanted: string): boolean {
    return isRight || this.wrong(field, found, wanted)
  }

  wrong(field: string, found: string, wanted: string): false {
    if (this.#violations.length < violationsMax) {
      this.#violations.push({ field, description: `${found} must be ${wanted}` })
    }
    return false
  }

  /** A whole number from `least`, exact in a double. */
  count(field: string, value: number, least = 0, most = Number.MAX_SAFE_INTEGER): number {
    const isRight = Number.isSafeInteger(value) && value >= least && value <= most
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
    return this.that(isRight, field, value, `a whole number ${range}`) ? value : least
  }

  /** A finite number from 0. */
  amount(field: string, value: number, most = Number.MAX_VALUE): number {
    const isRight = Number.isFinite(value) && value >= 0 && value <= most
    const range = most === Number.MAX_VALUE ? 'of 0 or more' : `from 0 to ${most}`
    return this.that(isRight, field, value, `a finite number ${range}`) ? value : 0
  }

  /** A part of a whole that is there: above 0, at most 1. */
  share(field: string, value: number): number {
    return this.that(value > 0 && value <= 1, field, value, 'above 0 and at most 1') ? value : 1
  }

  text(field: string, value: string): string {
    const bytes = Buffer.byteLength(value)
    return this.that(bytes <= textBytesMax, field, value, `at most ${textBytesMax} bytes of text`) ? value : ''
  }

  codec(field: string, value: string): CodecName {
    const found = codecNames.find((name) => name === value)
    this.that(found !== undefined, field, value, `one of ${codecNames.join(', ')}`)
    return found ?? 'fp32'
  }

  region(field: string, value: string): string {
    const wanted = `a region of the job: ${this.#members.all.join(', ')}`
    return this.that(this.#members.has(value), field, value, wanted) ? value : ''
  }

  regionOrNone(field: string, value: string): string {
    return value === '' ? value : this.region(field, value)
  }

  /** A map whose keys are regions. */
  byRegion<Wire, Value>(
    field: string,
    wire: Readonly<Record<string, Wire>>,
    valueOf: (field: string, value: Wire) => Value,
  ): Readonly<Record<string, Value>> {
    const entries = Object.entries(wire)
    if (!this.list(field, entries, this.#members.all.length)) return {}
    return Object.fromEntries(
      entries.map(([region, value]) => {
        const at = `${field}[${shown(region)}]`
        return [this.region(at, region), valueOf(at, value)] as const
      }),
    )
  }

  list(field: string, values: readonly unknown[], most: number): boolean {
    return this.fact(values.length <= most, field, `${values.length} entries`, `at most ${most} entries`)
  }

  /** UTF-8 text in a `bytes` field. */
  utf8(field: string, value: Uint8Array, bytesMax = cursorBytesMax): string {
    if (!this.fact(value.byteLength <= bytesMax, field, `${value.byteLength} bytes`, `at most ${bytesMax} bytes`)) {
      return ''
    }
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value)
    } catch {
      this.wrong(field, `${value.byteLength} bytes`, 'UTF-8 text')
      return ''
    }
  }

  json(field: string, value: Uint8Array, bytesMax: number): unknown {
    const text = this.utf8(field, value, bytesMax)
    if (text === '') return null
    try {
      return JSON.parse(text) as unknown
    } catch {
      this.wrong(field, shown(text), 'JSON')
      return null
    }
  }

  /** Another decoder's violations, under this field. */
  nested<T>(field: string, decode: () => T): T | null {
    try {
      return decode()
    } catch (error) {
      const violations = (error as { readonly violations?: readonly FieldViolation[] }).violations
      if (violations === undefined) throw error
      for (const violation of violations.slice(0, violationsMax - this.#violations.length)) {
        this.#violations.push({ ...violation, field: `${field}.${violation.field}` })
      }
      return null
    }
  }
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length <= valueCharactersMax ? text : `${text.slice(0, valueCharactersMax)}…`
}
