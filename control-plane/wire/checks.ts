// Reads fields of a message that someone else wrote. Every problem is noted with the field's name, the value found and
// the fix, and reading goes on, so that one answer names all of them.
import { invalid, type FieldViolation } from '#runtime/errors.ts'

export class Checks {
  readonly violations: FieldViolation[] = []

  /** Decoding and validating may find the same; it is said once. */
  note(field: string, description: string): void {
    if (this.violations.some((known) => known.field === field && known.description === description)) return
    this.violations.push({ field, description })
  }

  /** Throws when anything was noted. */
  done(): void {
    if (this.violations.length > 0) throw invalid(this.violations)
  }

  text(field: string, value: string, charactersMax: number): string {
    if (value.length > charactersMax)
      this.note(field, `has ${value.length} characters; at most ${charactersMax} are allowed`)
    if (value.includes('\0')) this.note(field, 'contains a NUL character; remove it')
    return value
  }

  /** A text that must not be empty. */
  name(field: string, value: string, charactersMax: number): string {
    if (value === '') this.note(field, 'is empty; give a value')
    return this.text(field, value, charactersMax)
  }

  /** 64-bit numbers beyond 2^53 arrive rounded, so they are refused rather than taken wrongly. */
  integer(field: string, value: number, limits: { readonly min: number; readonly max?: number }): number {
    const max = limits.max ?? Number.MAX_SAFE_INTEGER
    if (!Number.isSafeInteger(value) || value < limits.min || value > max)
      this.note(field, `is ${value}; give a whole number from ${limits.min} to ${max}`)
    return value
  }

  /** A finite number from 0 to `max`. */
  amount(field: string, value: number, max = Number.MAX_VALUE): number {
    if (!(value >= 0 && value <= max))
      this.note(field, `is ${value}; give a number from 0${max === Number.MAX_VALUE ? '' : ` to ${max}`}`)
    return value
  }

  /** One of the words; the first one stands in for any other. */
  oneOf<Word extends string>(field: string, value: string, words: readonly [Word, ...Word[]]): Word {
    const found = words.find((word) => word === value)
    if (found === undefined) this.note(field, `is ${quote(value)}; use one of ${words.filter(Boolean).join(', ')}`)
    return found ?? words[0]
  }

  digest(field: string, value: string): string {
    if (!/^[0-9a-f]{64}$/.test(value))
      this.note(field, `is ${quote(value)}; give a sha256 as 64 lower-case hexadecimal digits`)
    return value
  }

  /** The list, cut to the limit, so that reading stays bounded. */
  list<T>(field: string, values: readonly T[], max: number): readonly T[] {
    if (values.length > max) this.note(field, `has ${values.length} entries; at most ${max} are allowed`)
    return values.slice(0, max)
  }
}

/** What someone wrote, short enough for a message. */
export function quote(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
}
