// The grammar of what-ifs. Words are separated by spaces; REGIONS is a name or a beginning that ends in "*"; DEVICE is a model,
// with "@spot" or "@on-demand" and "/zone/instance-type" where only these are meant; CHANGE is x2, +10%, -10% or =VALUE.
//
//   REGIONS [DEVICE] price CHANGE        USD per unit and hour        aws/* nvidia-t4@spot price =0.2
//   REGIONS DEVICE units CHANGE                                       onprem/lab nvidia-t4 units =8
//   REGIONS [DEVICE] gone                                             tencent/ap-shanghai gone
//   REGIONS -> REGIONS bandwidth CHANGE  Mbit/s; <-> is both ways     aws/us-east-1 <-> onprem/lab bandwidth x0.5
//   REGIONS -> REGIONS rtt CHANGE        ms                           aws/us-east-1 -> onprem/lab rtt =80
//   REGIONS -> REGIONS egress CHANGE     USD per GB                   aws/* -> * egress =0.02
//   MODEL speed CHANGE                   samples/s of one unit        nvidia-t4 speed x1.5
//   model-size CHANGE[/SAMPLES]          SAMPLES of one step          model-size =400MB/128
//   data REGIONS may-move-to REGIONS,…   or: stays                    data onprem/lab may-move-to aws/*
//   data REGIONS bytes CHANGE            or: samples                  data onprem/lab bytes =20GB
//   budget CHANGE, budget =none, deadline =TIME, slack =0.2, policy =NAME, markets =spot,on-demand
import type { Market } from '#control-plane/model/snapshot.ts'
import { bytesOf, numberOf, withUnit } from './numbers.ts'
import { linkProperties, type Change, type DevicePattern, type LinkProperty, type WhatIf } from './what-if.ts'
import { meant, oneOf, quote, Words, Wrong, type Word } from './words.ts'

export type Parsed =
  | { readonly kind: 'parsed'; readonly whatIf: WhatIf }
  /** `position` counts characters from 1; the description has the fix. */
  | { readonly kind: 'wrong'; readonly position: number; readonly description: string }

export const whatIfCharactersMax = 300

export function parseWhatIf(text: string): Parsed {
  if (text.length > whatIfCharactersMax) {
    const description = `has ${text.length} characters; at most ${whatIfCharactersMax} are read`
    return { kind: 'wrong', position: whatIfCharactersMax + 1, description }
  }
  const words = new Words(text)
  try {
    const whatIf = parse(words)
    const more = words.next()
    if (more !== null) throw new Wrong(more, `${quote(more)} is too much here; remove it`)
    return { kind: 'parsed', whatIf }
  } catch (error) {
    if (!(error instanceof Wrong)) throw error
    return { kind: 'wrong', position: error.word.at + 1, description: error.message }
  }
}

function parse(words: Words): WhatIf {
  switch (words.peek()) {
    case 'budget':
      words.next()
      return words.peek() === '=none' ? skipping(words, { kind: 'budget', change: null }) : budget(words)
    case 'deadline':
      words.next()
      return deadline(words.expect('write for example =2026-12-01T18:00:00Z or =6h'))
    case 'slack':
      words.next()
      return { kind: 'slack', slack: setTo(words, 'write for example =0.2', { min: 0 }) }
    case 'policy':
      words.next()
      return { kind: 'policy', policy: textSet(words, 'write for example =use-everything') }
    case 'markets':
      words.next()
      return marketsSet(words)
    case 'model-size':
      words.next()
      return modelSize(words)
    case 'data':
      words.next()
      return data(words)
    default:
      return ofPlace(words)
  }
}

function skipping(words: Words, whatIf: WhatIf): WhatIf {
  words.next()
  return whatIf
}

function budget(words: Words): WhatIf {
  return { kind: 'budget', change: change(words, numberOf, 'write for example =20, x2 or =none') }
}

function deadline(word: Word): WhatIf {
  const fix = 'write for example =2026-12-01T18:00:00Z or =6h'
  const { amount, unit } = /^=(?<amount>\d{1,9}(\.\d+)?)(?<unit>[smhd])$/.exec(word.text)?.groups ?? {}
  if (amount !== undefined) {
    const secondsPer = { s: 1, m: 60, h: 3600, d: 86_400 } as const
    return { kind: 'deadline-in', seconds: Number(amount) * secondsPer[unit as keyof typeof secondsPer] }
  }
  const isTime = /^=\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(word.text)
  const atMs = isTime ? Date.parse(word.text.slice(1)) : Number.NaN
  if (Number.isNaN(atMs)) throw new Wrong(word, `${quote(word)} is no time; ${fix}`)
  return { kind: 'deadline', atMs }
}

function setTo(words: Words, fix: string, { min }: { readonly min: number }): number {
  const word = words.expect(fix)
  const value = word.text.startsWith('=') ? numberOf(word.text.slice(1)) : null
  if (value === null || value < min) throw new Wrong(word, `${quote(word)} is no number of at least ${min}; ${fix}`)
  return value
}

function textSet(words: Words, fix: string): string {
  const word = words.expect(fix)
  if (!/^=\S+$/.test(word.text)) throw new Wrong(word, `${quote(word)} sets nothing; ${fix}`)
  return word.text.slice(1)
}

function marketsSet(words: Words): WhatIf {
  const fix = 'write =on-demand, =spot or =on-demand,spot'
  const word = words.expect(fix)
  const markets = word.text.slice(1).split(',')
  const isMarket = (name: string): name is Market => name === 'on-demand' || name === 'spot'
  if (!word.text.startsWith('=') || !markets.every(isMarket)) throw new Wrong(word, `${quote(word)} is wrong; ${fix}`)
  return { kind: 'markets', markets: (['on-demand', 'spot'] as const).filter((market) => markets.includes(market)) }
}

function modelSize(words: Words): WhatIf {
  const fix = 'write for example x2, =400MB, or =400MB/128 with the samples of one step'
  const word = words.expect(fix)
  const { text = '', step } = /^(?<text>[^/]*)(\/(?<step>.*))?$/.exec(word.text)?.groups ?? {}
  const samplesPerStep = step === undefined ? null : numberOf(step)
  if (step !== undefined && !(samplesPerStep !== null && samplesPerStep > 0))
    throw new Wrong(word, `${quote(word)} has no samples of a step above 0; ${fix}`)
  return { kind: 'model-size', change: changeOf({ ...word, text }, bytesOf, fix), samplesPerStep }
}

function data(words: Words): WhatIf {
  const regions = words.expect('name the region whose data is meant').text
  const word = words.expect('write may-move-to, stays, bytes or samples')
  switch (word.text) {
    case 'stays':
      return { kind: 'may-move-to', regions, targets: [] }
    case 'may-move-to': {
      const targets = words.expect('name regions, for example aws/* or aws/us-east-1,onprem/lab').text.split(',')
      return { kind: 'may-move-to', regions, targets: targets.filter((target) => target !== '') }
    }
    case 'bytes':
    case 'samples': {
      const read = word.text === 'bytes' ? bytesOf : numberOf
      const fix = word.text === 'bytes' ? 'write for example =20GB or x2' : 'write for example =50000 or x2'
      return { kind: 'data', regions, property: word.text, change: change(words, read, fix) }
    }
    default:
      throw new Wrong(
        word,
        `${quote(word)} is not known of data; ${meant(word, ['may-move-to', 'stays', 'bytes', 'samples'])}`,
      )
  }
}

const placeProperties = ['price', 'units', 'gone'] as const

function ofPlace(words: Words): WhatIf {
  const first = words.expect('name a region, a device model, or one of budget, deadline, slack, policy, markets, data')
  const arrow = words.peek()
  if (arrow === '->' || arrow === '<->') {
    words.next()
    return link(words, first.text, arrow === '<->')
  }
  if (arrow === 'speed') {
    words.next()
    const fix = 'write for example x1.5 or =900'
    return { kind: 'speed', deviceModel: first.text, change: change(words, numberOf, fix) }
  }
  const isProperty = (text: string): boolean => placeProperties.some((property) => property === text)
  // A word right before a change, or the last one, is meant as the property.
  const isLast = /^($|[x×]\d|[=+-])/.test(words.peek(1))
  const device = isProperty(words.peek()) || isLast ? null : words.next()
  const property = words.expect(`write ${oneOf(placeProperties)}`)
  if (!isProperty(property.text)) {
    const known = device === null ? [...placeProperties, '->', '<->', 'speed'] : placeProperties
    throw new Wrong(property, `${quote(property)} is nothing that can change there; ${meant(property, known)}`)
  }
  const pattern = device === null ? null : deviceOf(device)
  if (property.text === 'gone') return { kind: 'gone', regions: first.text, device: pattern }
  if (property.text === 'price') {
    const to = change(words, numberOf, 'write for example x2, +10% or =0.2 (USD per unit and hour)')
    return { kind: 'price', regions: first.text, device: pattern, change: to }
  }
  const to = change(words, numberOf, 'write for example =8 or x2')
  if (pattern === null)
    throw new Wrong(property, 'of what? Name a device model before it, for example nvidia-t4 units =8')
  return { kind: 'units', regions: first.text, device: pattern, change: to }
}

function link(words: Words, from: string, isBothWays: boolean): WhatIf {
  const to = words.expect('name the region where the link ends').text
  const word = words.expect(`write ${oneOf(linkProperties)}`)
  const property = linkProperties.find((name) => name === word.text)
  if (property === undefined)
    throw new Wrong(word, `${quote(word)} is not known of links; ${meant(word, linkProperties)}`)
  const [read, fix] = linkValues[property]
  return { kind: 'link', from, to, isBothWays, property, change: change(words, read, fix) }
}

type Read = (text: string) => number | null

const linkValues: Readonly<Record<LinkProperty, readonly [Read, string]>> = {
  bandwidth: [(text) => withUnit(text, { '': 1, Mbit: 1, Gbit: 1000 }), 'write for example x0.5 or =100 (Mbit/s)'],
  rtt: [(text) => withUnit(text, { '': 1, ms: 1, s: 1000 }), 'write for example x2 or =80 (ms)'],
  egress: [numberOf, 'write for example x2 or =0.02 (USD per GB)'],
}

/** "nvidia-t4", "nvidia-t4@spot" or "nvidia-t4@spot/us-east-1a/g4dn.xlarge". */
function deviceOf(word: Word): DevicePattern {
  const [bought = '', zone = '', instanceType = ''] = word.text.split('/')
  const [deviceModel = '', market, ...rest] = bought.split('@')
  const fix = 'write for example nvidia-t4, nvidia-t4@spot or nvidia-t4@spot/us-east-1a'
  if (deviceModel === '' || rest.length > 0) throw new Wrong(word, `${quote(word)} is no device; ${fix}`)
  if (market !== undefined && market !== 'spot' && market !== 'on-demand')
    throw new Wrong(word, `${quote(word)}: there is no market "${market}"; use spot or on-demand`)
  return { deviceModel, market: market ?? null, zone, instanceType }
}

function change(words: Words, read: Read, fix: string): Change {
  return changeOf(words.expect(fix), read, fix)
}

function changeOf(word: Word, read: Read, fix: string): Change {
  const { sign, number } = /^(?<sign>[x×+-])(?<number>\d[\d.]*)(?<percent>%?)$/.exec(word.text)?.groups ?? {}
  const isPercent = word.text.endsWith('%')
  const value = number === undefined ? null : numberOf(number)
  if (value !== null && (sign === 'x' || sign === '×') && !isPercent) return { kind: 'times', factor: value }
  if (value !== null && sign === '+' && isPercent) return { kind: 'times', factor: 1 + value / 100 }
  if (value !== null && sign === '-' && isPercent && value <= 100) return { kind: 'times', factor: 1 - value / 100 }
  const set = word.text.startsWith('=') ? read(word.text.slice(1)) : null
  if (set === null) throw new Wrong(word, `${quote(word)} is no change; ${fix}`)
  return { kind: 'set', value: set }
}
