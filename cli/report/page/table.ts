// A table of a page.
import { html, type Html } from './html.ts'

export type Column = { readonly head: string; readonly kind?: 'number' | 'wide' }
export type Row = { readonly cells: readonly string[]; readonly isTrouble?: boolean }

/** Wide tables scroll by themselves; the keyboard reaches them too. */
export function table(caption: string, columns: readonly Column[], rows: readonly Row[]): Html {
  const head = columns.map(({ head: text, kind }) => html`<th scope="col" class="${kind ?? 'text'}">${text}</th>`)
  const body = rows.map(({ cells, isTrouble }) => {
    const made = cells.map((cell, i) =>
      i === 0 && columns[0]?.kind === undefined
        ? html`<th scope="row">${cell}</th>`
        : html`<td class="${columns[i]?.kind ?? 'text'}">${cell}</td>`,
    )
    return html`<tr class="${isTrouble === true ? 'trouble' : 'calm'}">
      ${made}
    </tr> `
  })
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}">
    <table>
      <thead>
        <tr>
          ${head}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div>`
}
