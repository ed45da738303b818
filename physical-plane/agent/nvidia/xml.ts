// As much of XML as nvidia-smi writes: elements, text, a prolog, a document type without declarations, comments. Strict: what is
// not well-formed is refused with its place. Bounded in size, depth and count, since it comes from another program.
import { CloudlessError } from '#runtime/errors.ts'

export type XmlElement = {
  readonly name: string
  readonly children: readonly XmlElement[]
  /** All text directly in it, trimmed. */
  readonly text: string
}

export const xmlLimits = { charactersMax: 8 * 2 ** 20, depthMax: 32, elementsMax: 200_000 } as const

type Open = { readonly name: string; readonly children: XmlElement[]; readonly text: string[] }

// One piece of markup or text; sticky, so that nothing is skipped. Attributes are checked for form and dropped.
const piece =
  /<\?[^?]*\?>|<!--(?:(?!--)[^])*-->|<!DOCTYPE[^<>[\]]*>|<(?<close>\/)?(?<name>[A-Za-z_][\w.-]*)(?<attributes>(?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(?<empty>\/)?>|(?<text>[^<]+)/y

export function parseXml(source: string, limits: typeof xmlLimits = xmlLimits): XmlElement {
  if (source.length > limits.charactersMax)
    throw malformed(0, `has ${source.length} characters, more than the ${limits.charactersMax} allowed`)
  const document: Open = { name: '', children: [], text: [] }
  const open: Open[] = [document]
  let elements = 0
  piece.lastIndex = 0
  for (let at = 0; at < source.length; at = piece.lastIndex) {
    piece.lastIndex = at
    const { name, close, attributes = '', empty, text } = piece.exec(source)?.groups ?? fail(at)
    const inner = open.at(-1)!
    if (text !== undefined) inner.text.push(open.length === 1 ? blank(text, at) : decoded(text, at))
    if (name === undefined) continue
    if (close !== undefined) {
      if (inner.name !== name || open.length === 1 || attributes !== '' || empty !== undefined)
        throw malformed(at, `</${name}> closes ${open.length === 1 ? 'nothing' : `<${inner.name}>`}`)
      open.pop()
      open.at(-1)!.children.push(finished(inner))
      continue
    }
    elements += 1
    if (elements > limits.elementsMax) throw malformed(at, `has more than ${limits.elementsMax} elements`)
    if (open.length > limits.depthMax) throw malformed(at, `is deeper than ${limits.depthMax} elements`)
    if (open.length === 1 && document.children.length > 0) throw malformed(at, 'has a second root')
    if (empty === undefined) open.push({ name, children: [], text: [] })
    else inner.children.push({ name, children: [], text: '' })
  }
  if (open.length > 1) throw malformed(source.length, `ends inside <${open.at(-1)!.name}>`)
  return document.children[0] ?? fail(source.length)
}

/** The text at the end of a path of child elements, each the first of its name; '' where there is none. */
export function textAt(element: XmlElement, ...path: readonly string[]): string {
  let found: XmlElement | undefined = element
  for (const name of path) found = found?.children.find((child) => child.name === name)
  return found?.text ?? ''
}

export function childrenOf(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === name)
}

function finished({ name, children, text }: Open): XmlElement {
  return { name, children, text: text.join('').trim() }
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function decoded(text: string, at: number): string {
  return text.replaceAll(/&(?<entity>[^;&]{0,10});?/g, (whole, entity: string) => {
    const plain = entities[entity]
    if (plain !== undefined && whole.endsWith(';')) return plain
    const code = /^#(?:x(?<hex>[0-9a-fA-F]+)|(?<decimal>\d+))$/.exec(entity)?.groups
    const number =
      code === undefined ? Number.NaN : Number.parseInt(code['hex'] ?? code['decimal']!, code['hex'] ? 16 : 10)
    if (whole.endsWith(';') && number > 0 && number <= 0x10_ff_ff) return String.fromCodePoint(number)
    throw malformed(at, `has an unknown entity ${JSON.stringify(whole)}`)
  })
}

function blank(text: string, at: number): string {
  if (/^[\s\uFEFF]*$/.test(text)) return ''
  throw malformed(at, `begins with ${JSON.stringify(text.trim().slice(0, 100))}`)
}

function fail(at: number): never {
  throw malformed(at, 'is no XML')
}

function malformed(at: number, what: string): CloudlessError {
  return new CloudlessError('unavailable', 'BAD_XML', `text ${what} (at character ${at})`)
}
