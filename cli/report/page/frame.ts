// What is around a page's content: one file that loads nothing, with a policy that lets the browser use its own style and run
// its own scripts only, whatever a name or a reason in it may hold.
import { createHash } from 'node:crypto'
import { html, Html } from './html.ts'

export type Frame = {
  readonly title: string
  /** Our own content only. */
  readonly style: string
  readonly scripts: readonly string[]
  readonly body: Html
}

export function renderFrame({ title, style, scripts, body }: Frame): string {
  const policy = [
    "default-src 'none'",
    `style-src ${hashOf(style)}`,
    ...(scripts.length > 0 ? [`script-src ${scripts.map(hashOf).join(' ')}`] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <title>${title}</title>
        ${element('style', style)}
      </head>
      <body>
        ${body} ${scripts.map((script) => element('script', script))}
      </body>
    </html> `
  return page.text
}

/** Of our own content only, to the byte: the policy names its hash, so not even a line end may be added. */
function element(name: 'script' | 'style', content: string): Html {
  return new Html(`<${name}>${content}</${name}>`)
}

function hashOf(content: string): string {
  return `'sha256-${createHash('sha256').update(content).digest('base64')}'`
}
