import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import { childrenOf, parseXml, textAt, xmlLimits, type XmlElement } from './xml.ts'

describe('parseXml', () => {
  test('reads elements, text, entities, comments, attributes and CDATA', () => {
    const root = parseXml(`<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
<!-- a comment -->
<log a="1" b='x>y'><name> A &lt;&amp;&#65;&#x42;&quot;&apos; </name><gpu id="0"/><gpu><!-- c -->in<b/>si<![CDATA[<de>]]></gpu></log>
`)
    expect(textAt(root, 'name')).toBe(`A <&AB"'`)
    expect(childrenOf(root, 'gpu').map(({ text }) => text)).toEqual(['', 'insi<de>'])
    expect(textAt(root, 'name', 'missing')).toBe('')
  })

  test.each([
    ['', /begins with "" is no XML to be read: .*must contain a root element/],
    ['   ', /must contain a root element/],
    ['NVIDIA-SMI has failed', /begins with "NVIDIA-SMI has failed" is no XML to be read: 1:/],
    ['<a>', /unclosed tag: a/],
    ['<a></b>', /1:7: unexpected close tag/],
    ['</a>', /closing tag: a/],
    ['<a/><b/>', /only one root/],
    ['<a/>text', /text data outside of root/],
    ['<a>&nbsp;</a>', /undefined entity/],
    ['<a>&#x110000;</a>', /malformed character entity/],
    ['<a>& b</a>', /unclosed tag: a/],
    ['<a>\n<b c=1/></a>', /2:.*unquoted attribute value/],
    ['<a', /must contain a root element/],
    // Nobody's document type makes a few bytes stand for gigabytes.
    ['<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>', /undefined entity/],
    ['<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', /undefined entity/],
  ])('refuses %j', (source, message) => {
    expect(() => parseXml(source)).toThrow(message)
  })

  test('size, depth and count are bounded', () => {
    const limits = { ...xmlLimits, charactersMax: 100, depthMax: 3, elementsMax: 5 } as unknown as typeof xmlLimits
    expect(parseXml('<a><b><c/></b></a>', limits).name).toBe('a')
    expect(() => parseXml('<a><b><c><d/></c></b></a>', limits)).toThrow(/deeper than 3/)
    expect(() => parseXml('<a><b/><b/><b/><b/><b/></a>', limits)).toThrow(/more than 5 elements/)
    expect(() => parseXml(`<a>${' '.repeat(100)}</a>`, limits)).toThrow(/107 characters, more than the 100 allowed/)
  })

  test('whatever is written is read again', () => {
    const name = fc.stringMatching(/^[a-z_][a-z0-9_.-]{0,8}$/)
    const text = fc.string({ maxLength: 12 }).map((any) => any.trim())
    const element = (depth: number): fc.Arbitrary<XmlElement> =>
      fc.record({
        name,
        text,
        children: depth === 0 ? fc.constant([]) : fc.array(element(depth - 1), { maxLength: 3 }),
      })
    const written = ({ name: own, text: inside, children }: XmlElement): string => {
      const escaped = inside.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
      return `<${own}>${children.map(written).join('')}${escaped}</${own}>`
    }
    fc.assert(
      fc.property(element(4), (tree) => {
        expect(parseXml(written(tree))).toEqual(tree)
      }),
    )
  })

  test('no text makes it throw anything but a typed error, or hang', () => {
    const bits = fc.constantFrom(
      '<',
      '>',
      '/',
      'a',
      'b',
      '<a>',
      '</a>',
      '<!--',
      '-->',
      '<?',
      '?>',
      '&',
      ';',
      '"',
      "'",
      '=',
      ' ',
    )
    const text = fc.oneof(fc.string({ unit: bits, maxLength: 200 }), fc.string({ maxLength: 200 }))
    fc.assert(
      fc.property(text, (source) => {
        let thrown: unknown = null
        try {
          parseXml(source)
        } catch (error) {
          thrown = error
        }
        expect(thrown === null || thrown instanceof CloudlessError).toBe(true)
      }),
      { numRuns: 1_000 },
    )
    for (const part of ['<a', '<a ', '<a b="', '<!--', '<a>', '&', '<a b=""'])
      expect(() => parseXml(part.repeat(20_000))).toThrow(CloudlessError)
  })
})
