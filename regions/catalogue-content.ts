// A catalogue as text and back: one canonical text for one content, so that its sha256 names it wherever it is kept. Links
// are most of it; they are written as rows of numbers that point at regions and at the few prices that are different.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import { markets, providers, stocks, type Catalogue, type DeviceModel, type EgressPrice } from './catalogue.ts'
import { contentBytesMax, deviceModelsMax, regionsMax } from './config.ts'

const name = z.string().min(1).max(128)
const word = z.string().max(128)
const amount = z.number().min(0)
const tier = z.tuple([amount.nullable(), amount])
const price = z.tuple([name, z.enum(markets), word, word, amount, amount, word, word, amount, z.enum(stocks)])
const region = z.tuple([
  name,
  z.enum(providers),
  z.tuple([z.number(), z.number()]).nullable(),
  amount.nullable(),
  z.array(price),
])
/** Name, speed, and memory where that is known. */
const deviceModel = z.union([
  z.tuple([name, z.number().positive()]),
  z.tuple([name, z.number().positive(), z.number().positive()]),
])

const contentSchema = z.strictObject({
  format: z.literal(1),
  version: z.string().min(1).max(1_000),
  usdPer: z.array(z.tuple([word, z.number().positive()])).max(200),
  ratesOn: z
    .array(z.tuple([word, z.iso.date()]))
    .max(200)
    .optional(),
  deviceModels: z.array(deviceModel).max(deviceModelsMax),
  regions: z.array(region).max(regionsMax),
  egress: z.array(z.tuple([z.enum(['per-gb', 'p95-month']), z.array(tier)])),
  links: z
    .array(z.tuple([z.int().min(0), z.int().min(0), z.number().positive(), amount, z.int().min(0)]))
    .max(regionsMax * regionsMax),
})

type Content = z.infer<typeof contentSchema>

export function withHash(content: Omit<Catalogue, 'hash'>): Catalogue {
  return { ...content, hash: createHash('sha256').update(encodeContent(content)).digest('hex') }
}

/** The text whose sha256 is the catalogue's hash. */
export function encodeContent(catalogue: Omit<Catalogue, 'hash'>): string {
  const places = new Map(catalogue.regions.map((each, i) => [each.name, i]))
  const prices = new Map<string, number>()
  const egress: Content['egress'] = []
  const indexOf = (sent: EgressPrice): number => {
    const tiers = tiersOf(sent)
    const key = JSON.stringify([sent.kind, tiers])
    const known = prices.get(key)
    if (known !== undefined) return known
    prices.set(key, egress.length)
    return egress.push([sent.kind, tiers]) - 1
  }
  const links = catalogue.links.map((link): Content['links'][number] => {
    const { mbitPerSecond, roundTripMs } = link
    return [places.get(link.from)!, places.get(link.to)!, mbitPerSecond, roundTripMs, indexOf(link.egress)]
  })
  const content: Content = {
    format: 1,
    version: catalogue.version,
    usdPer: sortedEntries(catalogue.usdPer),
    // Left out where there is none, so that a catalogue without it keeps its hash.
    ...(catalogue.ratesOn === undefined ? {} : { ratesOn: sortedEntries(catalogue.ratesOn) }),
    deviceModels: catalogue.deviceModels.map(encodeModel),
    regions: catalogue.regions.map(encodeRegion),
    egress,
    links,
  }
  return JSON.stringify(content)
}

function sortedEntries<Value>(map: Readonly<Record<string, Value>>): [string, Value][] {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Refused unless it is what `hash` names. */
export function decodeContent(text: string, hash: string): Catalogue {
  const found = createHash('sha256').update(text).digest('hex')
  if (found !== hash) throw damaged(hash, `the sha256 of its content is ${found}`)
  if (text.length > contentBytesMax) throw damaged(hash, `it has more than ${contentBytesMax} bytes`)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw damaged(hash, messageOf(error))
  }
  const parsed = contentSchema.safeParse(json)
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!
    throw damaged(hash, `${path.join('.')}: ${message}`)
  }
  return { ...decodeParts(parsed.data, hash), hash }
}

function encodeModel({ name: model, relativeSpeed, memoryGib }: DeviceModel): Content['deviceModels'][number] {
  return memoryGib === undefined ? [model, relativeSpeed] : [model, relativeSpeed, memoryGib]
}

function encodeRegion(at: Catalogue['regions'][number]): Content['regions'][number] {
  const { coordinates, storageUsdPerGbMonth } = at
  const place: [number, number] | null = coordinates === null ? null : [coordinates.latitude, coordinates.longitude]
  const rows = at.prices.map((row): Content['regions'][number][4][number] => [
    row.deviceModel,
    row.market,
    row.instanceType,
    row.zone,
    row.usdPerUnitHour,
    row.perUnitHour,
    row.currency,
    row.pricedOn,
    row.lossesPerHour,
    row.stock,
  ])
  return [at.name, at.provider, place, storageUsdPerGbMonth, rows]
}

function tiersOf(egress: EgressPrice): [number | null, number][] {
  if (egress.kind === 'per-gb') return egress.tiers.map(({ upToGb, usdPerGb }) => [upToGb, usdPerGb])
  return egress.tiers.map(({ upToMbit, usdPerMbitMonth }) => [upToMbit, usdPerMbitMonth])
}

function decodeParts(content: Content, hash: string): Omit<Catalogue, 'hash'> {
  const egress = content.egress.map(([kind, tiers]): EgressPrice => {
    if (kind === 'per-gb') return { kind, tiers: tiers.map(([upToGb, usdPerGb]) => ({ upToGb, usdPerGb })) }
    return { kind, tiers: tiers.map(([upToMbit, usdPerMbitMonth]) => ({ upToMbit, usdPerMbitMonth })) }
  })
  return {
    version: content.version,
    usdPer: Object.fromEntries(content.usdPer),
    ...(content.ratesOn === undefined ? {} : { ratesOn: Object.fromEntries(content.ratesOn) }),
    regions: content.regions.map(decodeRegion),
    links: content.links.map(([from, to, mbitPerSecond, roundTripMs, at]) => {
      const [sender, receiver, paid] = [content.regions[from], content.regions[to], egress[at]]
      if (sender === undefined || receiver === undefined || paid === undefined)
        throw damaged(hash, `a link points at region ${from}, region ${to} or price ${at}, which it does not have`)
      return { from: sender[0], to: receiver[0], mbitPerSecond, roundTripMs, egress: paid }
    }),
    deviceModels: content.deviceModels.map(([model, relativeSpeed, memoryGib]) => {
      return { name: model, relativeSpeed, ...(memoryGib === undefined ? {} : { memoryGib }) }
    }),
  }
}

function decodeRegion([
  title,
  provider,
  place,
  storage,
  rows,
]: Content['regions'][number]): Catalogue['regions'][number] {
  return {
    name: title,
    provider,
    coordinates: place === null ? null : { latitude: place[0], longitude: place[1] },
    prices: rows.map((row) => ({
      deviceModel: row[0],
      market: row[1],
      instanceType: row[2],
      zone: row[3],
      usdPerUnitHour: row[4],
      perUnitHour: row[5],
      currency: row[6],
      pricedOn: row[7],
      lossesPerHour: row[8],
      stock: row[9],
    })),
    storageUsdPerGbMonth: storage,
  }
}

function damaged(hash: string, why: string): CloudlessError {
  return new CloudlessError('internal', 'DAMAGED_CATALOGUE', `catalogue ${hash.slice(0, 12)} is damaged: ${why}`)
}
