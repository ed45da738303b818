import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CloudlessError } from '#runtime/errors.ts'
import { decodeCapacityFile, inputOn } from './capacity-file.ts'

const good = `at: 2026-11-22T12:00:00Z
regions:
  aws/us-east-1: { cpu: 96, nvidia-t4@spot/us-east-1a/g4dn.xlarge: 8 }
  onprem/lab: { nvidia-a100: 4 }
function: { model_size: 400MB, samples_per_step: 256, samples_per_second: { nvidia-a100: 900 } }
links:
  - { from: aws/us-east-1, to: onprem/lab, mbit_per_second: 90, round_trip_ms: 41 }
`

function refusalOf(text: string): string {
  try {
    decodeCapacityFile(text, 'capacity.yaml')
    return ''
  } catch (error) {
    if (error instanceof CloudlessError) return error.message
    throw error
  }
}

describe('a capacity file', () => {
  test('says what a plan is decided on', () => {
    expect(inputOn(decodeCapacityFile(good, 'capacity.yaml'), { name: 'x' }, 1)).toMatchObject({
      decidedAtMs: Date.UTC(2026, 10, 22, 12),
      capacity: [
        {
          region: 'aws/us-east-1',
          connected: true,
          classes: [
            { deviceModel: 'cpu', market: 'on-demand', zone: '', unitsTotal: 96, unitsFree: 96 },
            { deviceModel: 'nvidia-t4', market: 'spot', zone: 'us-east-1a', instanceType: 'g4dn.xlarge', unitsFree: 8 },
          ],
        },
        { region: 'onprem/lab', classes: [{ deviceModel: 'nvidia-a100', unitsFree: 4 }] },
      ],
      samplesPerSecond: { 'nvidia-a100': 900 },
      modelSize: { updateBytes: 4e8, samplesPerStep: 256 },
      measuredLinks: [{ fromRegion: 'aws/us-east-1', toRegion: 'onprem/lab', mbitPerSecond: 90, roundTripMs: 41 }],
    })
  })

  test('without a time is of now, and may know nothing of the function', () => {
    const input = inputOn(decodeCapacityFile('regions: { onprem/lab: { cpu: 1 } }', 'capacity.yaml'), {}, 7)
    expect(input).toMatchObject({ decidedAtMs: 7, samplesPerSecond: {}, modelSize: null, measuredLinks: [] })
  })

  test.each([
    ['region: {}', 'region: unknown key (line 1); did you mean "regions"?'],
    ['regions: { lab: { cpu: 1 } }', 'regions.lab'],
    ['regions: { onprem/lab: { cpu: -1 } }', 'regions.onprem/lab.cpu: -1 (line 1): must be at least 0'],
    ['regions: { onprem/lab: { cpu: 1.5 } }', 'must be a whole number'],
    ['regions: { onprem/lab: { cpu@sport: 1 } }', 'is no device class'],
    [
      'regions: {}\nfunction: { model_size: 4 megabytes }',
      'function.model_size: "4 megabytes" (line 2): is not a size',
    ],
    ['regions: {}\nfunction: { model_size: 4MB }', 'has one of model_size and samples_per_step'],
    ['regions: {}\nat: tomorrow', 'is not a time with its zone'],
    [
      'regions: {}\nlinks: [{ from: a/b, to: a/c, mbit: 3, round_trip_ms: 1 }]',
      'known here: from, to, mbit_per_second',
    ],
    ['regions: {', 'is not valid YAML'],
  ])('%s is refused with what, where and the fix', (text, message) => {
    expect(refusalOf(text)).toContain(message)
  })

  test('whatever it holds, it is read or refused with a typed error', () => {
    const pieces = fc.constantFrom(...good.split(/([\s{}:,@]+)/), '.nan', '*a', '&a', '1e309', '-0', '!!js')
    const edited = fc.array(pieces, { maxLength: 60 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.oneof(edited, fc.string()), (text) => {
        expect(typeof refusalOf(text)).toBe('string')
      }),
    )
  })
})
