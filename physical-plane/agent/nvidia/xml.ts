// What nvidia-smi writes as XML, as a tree; saxes reads it. Strict: what is not well-formed is refused with its place. Bounded in
// size, depth and count, since it comes from another program. No document type makes entities: they are not expanded.
import { SaxesParser } from 'saxes'
import { CloudlessError } from '#runtime/errors.ts'

export type XmlElement = {
  readonly name: string
  readonly children: readonly XmlElement[]
  /** All text directly in it, trimmed. */
  readonly text: string
}

export const xmlLimits = { charactersMax: 8 * 2 ** 20, depthMax: 32, elementsMax: 200_000 } as const

type Open = { readonly name: string; readonly children: XmlElement[]; text: string }

export function parseXml(source: string, limits: typeof xmlLimits = xmlLimits): XmlElement {
  const { charactersMax, depthMax, elementsMax } = limits
  if (source.length > charactersMax)
    throw refused(source, `${source.length} characters, more than the ${charactersMax} allowed`)
  const parser = new SaxesParser({ position: true })
  const document: Open = { name: '', children: [], text: '' }
  const open: Open[] = [document]
  let elements = 0
  const readText = (text: string): void => void (open.at(-1)!.text += text)
  // The first fault is the last: saxes would go on.
  parser.on('error', ({ message }) => {
    throw refused(source, message)
  })
  parser.on('opentagstart', ({ name }) => {
    elements += 1
    if (elements > elementsMax) throw refused(source, `more than ${elementsMax} elements`)
    if (open.length > depthMax) throw refused(source, `deeper than ${depthMax} elements`)
    open.push({ name, children: [], text: '' })
  })
  parser.on('text', readText)
  parser.on('cdata', readText)
  parser.on('closetag', () => {
    const { name, children, text } = open.pop()!
    open.at(-1)!.children.push({ name, children, text: text.trim() })
  })
  parser.write(source).close()
  return document.children[0]!
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

/** What is no XML at all is often the reason itself, in words. */
function refused(source: string, why: string): CloudlessError {
  const begin = JSON.stringify(source.trim().slice(0, 100))
  return new CloudlessError('unavailable', 'BAD_XML', `text that begins with ${begin} is no XML to be read: ${why}`)
}
