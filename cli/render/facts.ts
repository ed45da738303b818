// Lines of "title  text", the text wrapped beside its title.
import type { Style } from '../output.ts'
import { wrap } from '../wrap.ts'

export type Fact = { readonly title: string; readonly text: string; readonly isTrouble?: boolean }

const titleWidth = 9

export function renderFacts(facts: readonly Fact[], style: Style, columns: number): string {
  const width = Math.max(40, columns - 1)
  const lines = facts.map(({ title, text, isTrouble }) => {
    const wrapped = wrap(text, width - titleWidth, ' '.repeat(titleWidth))
    return `${style.dim(title.padEnd(titleWidth - 1))} ${isTrouble === true ? style.yellow(wrapped) : wrapped}`
  })
  return lines.join('\n')
}
