// Figures side by side, each with its name above.
import { html, type Html } from './html.ts'

export function cards(figures: readonly (readonly [string, string])[]): Html {
  return html`<dl class="cards">
    ${figures.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd class="${value.length > 9 ? 'long' : 'short'}">${value}</dd>
        </div>`,
    )}
  </dl>`
}
