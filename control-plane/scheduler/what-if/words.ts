// A line of words with where they stand, and what to say about a wrong one.
import { nearestNames } from '#runtime/nearest-names.ts'

export type Word = { readonly text: string; readonly at: number }

export class Wrong extends Error {
  readonly word: Word

  constructor(word: Word, description: string) {
    super(description)
    this.word = word
  }
}

export class Words {
  readonly #words: readonly Word[]
  readonly #end: Word
  #read = 0

  constructor(text: string) {
    this.#words = [...text.matchAll(/\S+/g)].map((match) => ({ text: match[0], at: match.index }))
    this.#end = { text: '', at: text.trimEnd().length }
  }

  next(): Word | null {
    return this.#words[this.#read++] ?? null
  }

  peek(offset = 0): string {
    return this.#words[this.#read + offset]?.text ?? ''
  }

  expect(what: string): Word {
    const word = this.next()
    if (word === null) throw new Wrong(this.#end, `something is missing; ${what}`)
    return word
  }
}

export function meant(word: Word, known: readonly string[]): string {
  const near = nearestNames(word.text, known)
  return near.length > 0 ? `did you mean ${near.join(' or ')}?` : `write ${oneOf(known)}`
}

export function oneOf(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
}

export function quote({ text }: Word): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}
