import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseWhatIf } from './parse.ts'

const t4 = { deviceModel: 'nvidia-t4', market: null, zone: '', instanceType: '' }

describe('a what-if', () => {
  test.each([
    ['aws/us-east-1 price x2', { kind: 'price', regions: 'aws/us-east-1', device: null, change: times(2) }],
    [
      'aws/* nvidia-t4@spot price =0.2',
      { kind: 'price', regions: 'aws/*', device: { ...t4, market: 'spot' }, change: set(0.2) },
    ],
    [
      'aws/* nvidia-t4@spot/us-east-1a/g4dn.xlarge price -10%',
      {
        kind: 'price',
        regions: 'aws/*',
        device: { ...t4, market: 'spot', zone: 'us-east-1a', instanceType: 'g4dn.xlarge' },
        change: times(0.9),
      },
    ],
    ['aws/us-east-1 -> onprem/lab bandwidth x0.5', link('bandwidth', times(0.5))],
    ['aws/us-east-1 -> onprem/lab bandwidth =1Gbit', link('bandwidth', set(1000))],
    ['aws/us-east-1 <-> onprem/lab rtt =80ms', link('rtt', set(80), true)],
    ['aws/us-east-1  ->  onprem/lab egress =0.02 ', link('egress', set(0.02))],
    ['onprem/lab gone', { kind: 'gone', regions: 'onprem/lab', device: null }],
    ['onprem/lab nvidia-t4 gone', { kind: 'gone', regions: 'onprem/lab', device: t4 }],
    ['onprem/lab nvidia-t4 units =8', { kind: 'units', regions: 'onprem/lab', device: t4, change: set(8) }],
    ['nvidia-t4 speed x1.5', { kind: 'speed', deviceModel: 'nvidia-t4', change: times(1.5) }],
    ['model-size =400MB', { kind: 'model-size', change: set(4e8), samplesPerStep: null }],
    ['model-size x2/64', { kind: 'model-size', change: times(2), samplesPerStep: 64 }],
    ['budget =20', { kind: 'budget', change: set(20) }],
    ['budget =none', { kind: 'budget', change: null }],
    ['deadline =2026-12-01T18:00:00Z', { kind: 'deadline', atMs: Date.UTC(2026, 11, 1, 18) }],
    ['deadline =6h', { kind: 'deadline-in', seconds: 21_600 }],
    ['slack =0.2', { kind: 'slack', slack: 0.2 }],
    ['policy =use-everything', { kind: 'policy', policy: 'use-everything' }],
    ['markets =spot,on-demand', { kind: 'markets', markets: ['on-demand', 'spot'] }],
    [
      'data onprem/lab may-move-to aws/*,gcp/*',
      { kind: 'may-move-to', regions: 'onprem/lab', targets: ['aws/*', 'gcp/*'] },
    ],
    ['data onprem/lab stays', { kind: 'may-move-to', regions: 'onprem/lab', targets: [] }],
    ['data * bytes =20GB', { kind: 'data', regions: '*', property: 'bytes', change: set(2e10) }],
    ['data * samples +50%', { kind: 'data', regions: '*', property: 'samples', change: times(1.5) }],
  ])('%s', (text, whatIf) => {
    expect(parseWhatIf(text)).toEqual({ kind: 'parsed', whatIf })
  })

  test.each([
    ['', 1, 'name a region'],
    ['aws/us-east-1', 14, 'write price, units or gone'],
    ['aws/us-east-1 prize x2', 15, 'did you mean price?'],
    ['aws/us-east-1 price', 20, 'x2, +10% or =0.2'],
    ['aws/us-east-1 price 2', 21, '"2" is no change'],
    ['aws/us-east-1 price =-2', 21, 'is no change'],
    ['aws/us-east-1 price =NaN', 21, 'is no change'],
    ['aws/us-east-1 price x1e999', 21, 'is no change'],
    ['aws/us-east-1 price -110%', 21, 'is no change'],
    ['aws/us-east-1 price x2 x3', 24, '"x3" is too much'],
    ['aws/us-east-1 nvidia-t4@sport price x2', 15, 'no market "sport"'],
    ['aws/us-east-1 -> onprem/lab banwidth x2', 29, 'did you mean bandwidth?'],
    ['aws/us-east-1 -> onprem/lab rtt =80km', 33, 'is no change'],
    ['onprem/lab units =8', 12, 'Name a device model'],
    ['deadline =tomorrow', 10, 'is no time'],
    ['deadline =2026-13-01T00:00:00Z', 10, 'is no time'],
    ['slack =-1', 7, 'at least 0'],
    ['policy use-everything', 8, 'sets nothing'],
    ['markets =spot,reserved', 9, 'on-demand,spot'],
    ['data onprem/lab moves', 17, 'not known of data'],
    ['budget', 7, '=20'],
    ['model-size =400MB/0', 12, 'samples of a step above 0'],
    ['model-size =400/128/3', 12, 'no samples'],
    ['model-size =4 megabytes', 15, 'too much'],
  ])('%s is refused where it is wrong, with a fix', (text, position, description) => {
    const parsed = parseWhatIf(text)
    expect(parsed).toMatchObject({ kind: 'wrong', position })
    expect(parsed.kind === 'wrong' ? parsed.description : '').toContain(description)
  })

  test('any text is read or refused at a place in it, and nothing that is not a number gets through', () => {
    const words =
      `aws/* a nvidia-t4@spot price units gone -> <-> rtt egress bandwidth speed data bytes may-move-to budget
      deadline slack =1 x2 +10% = x =1e99 __proto__`.split(/\s+/)
    const word = fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 5 }))
    const lines = fc.array(word, { maxLength: 7 }).map((parts) => parts.join(' '))
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), lines), (text) => {
        expect(isSound(text)).toBe(true)
      }),
      { numRuns: 3000 },
    )
  })
})

function isSound(text: string): boolean {
  const parsed = parseWhatIf(text)
  if (parsed.kind === 'parsed') return numbersIn(parsed).every((value) => Number.isFinite(value) && value >= 0)
  return parsed.position >= 1 && parsed.position <= text.length + 1 && parsed.description.length > 10
}

function times(factor: number): object {
  return { kind: 'times', factor }
}

function set(value: number): object {
  return { kind: 'set', value }
}

function link(property: string, change: object, isBothWays = false): object {
  return { kind: 'link', from: 'aws/us-east-1', to: 'onprem/lab', isBothWays, property, change }
}

function numbersIn(value: unknown): readonly number[] {
  if (typeof value === 'number') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersIn) : []
}
