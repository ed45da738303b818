// Values beside each other as bars, with their names and figures as text.
import { html, type Html } from './html.ts'

export type Bar = { readonly name: string; readonly value: number }

const barsMax = 20

export function bars(values: readonly Bar[], format: (value: number) => string): Html {
  const shown = values.slice(0, barsMax)
  const most = Math.max(...shown.map(({ value }) => value), Number.MIN_VALUE)
  return html`<div class="bars">
    ${shown.map(({ name, value }) => {
      const width = ((100 * Math.max(0, value)) / most).toFixed(2)
      return html`<div class="name">${name}</div>
        <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
          <rect class="bar" x="0" y="0" width="${width}" height="10" />
        </svg>
        <div class="value">${format(value)}</div> `
    })}
  </div>`
}
