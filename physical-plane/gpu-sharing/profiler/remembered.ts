// What was found once, so that a function is profiled once per device model: a JSON file in the profiler's folder. Another bundle or
// driver is another question, and the newest answer for a function and a device replaces the older. A file that is damaged, or of
// another version, is set aside with a warning: losing it costs probes, believing it would cost GPUs.
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import { pointsMax, rememberedBytesMax, rememberedMax } from './config.ts'

/** What a profile depends on. */
export type ProfileKey = {
  /** Of the function's bundle. */
  readonly digest: string
  readonly function: string
  readonly deviceModel: string
  readonly driverVersion: string
  /** The rest of the question. */
  readonly question: AskedOf
}

const version = 2

const milli = z.number().int().min(1).max(1000)
const positive = z.number().positive()

const askedSchema = z.strictObject({
  /** Of inference; training has none. */
  slo: z.strictObject({ latencyMs: positive, percentile: positive, per: z.enum(['request', 'token']) }).nullable(),
  /** Null: as many as one instance carries. */
  ratePerSecond: positive.nullable(),
  batches: z.array(z.number().int().min(1)).max(32),
  secondsPerProbe: positive,
})

const pointSchema = z.strictObject({
  batch: z.number().int().min(1),
  smMilli: milli,
  quotaMilli: milli,
  latencyMs: positive,
})

const profileSchema = z.strictObject({
  requestMilli: milli,
  limitMilli: milli,
  requestPerSecond: positive,
  limitPerSecond: positive,
  /** Of inference only. */
  latencyMs: positive.nullable(),
  batch: z.number().int().min(1),
  instances: z.number().int().min(1),
  probes: z.number().int().min(0),
  atMs: z.number().int().min(0),
  /** Of inference: how long batches take; absent where it was measured before they were kept. */
  points: z.array(pointSchema).max(pointsMax).readonly().optional(),
})

const entrySchema = z.strictObject({
  digest: z.string().max(128),
  function: z.string().max(256),
  deviceModel: z.string().max(128),
  driverVersion: z.string().max(64),
  question: askedSchema,
  profile: profileSchema,
})

const fileSchema = z.strictObject({ version: z.literal(version), profiles: z.array(entrySchema).max(rememberedMax) })

export type Profile = Readonly<z.infer<typeof profileSchema>>
export type AskedOf = Readonly<z.infer<typeof askedSchema>>
export type RememberedProfile = Readonly<z.infer<typeof entrySchema>>

export class RememberedProfiles {
  readonly #path: string
  #entries: readonly RememberedProfile[]

  constructor(path: string, log: Log) {
    this.#path = path
    this.#entries = load(path, log)
  }

  find(key: ProfileKey): Profile | null {
    const entry = this.#entries.find((one) => isAbout(one, key) && one.digest === key.digest && isSameDriver(one, key))
    return entry?.profile ?? null
  }

  /** Durable when it returns. The oldest go where there are too many. */
  remember(key: ProfileKey, profile: Profile): void {
    const entry = entrySchema.parse({ ...key, profile })
    const others = this.#entries.filter((one) => !isAbout(one, key) && !isOutdated(one, key))
    this.#entries = [...others, entry].slice(-rememberedMax)
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 })
    const next = `${this.#path}.next`
    writeFileSync(next, JSON.stringify({ version, profiles: this.#entries }), { mode: 0o600, flush: true })
    renameSync(next, this.#path)
  }
}

/** The same function, device and question, whatever the bundle and the driver. */
function isAbout(one: RememberedProfile, key: ProfileKey): boolean {
  return (
    one.function === key.function &&
    one.deviceModel === key.deviceModel &&
    isDeepStrictEqual(one.question, key.question)
  )
}

function isSameDriver(one: RememberedProfile, key: ProfileKey): boolean {
  return one.driverVersion === key.driverVersion
}

/** An answer to another question, of a bundle or a driver that has gone. */
function isOutdated(one: RememberedProfile, key: ProfileKey): boolean {
  const isTheirs = one.function === key.function && one.deviceModel === key.deviceModel
  return isTheirs && (one.digest !== key.digest || !isSameDriver(one, key))
}

function load(path: string, log: Log): readonly RememberedProfile[] {
  const file = readRemembered(path)
  return file.kind === 'read' ? file.profiles : setAside(path, log, file.because)
}

/** All that is remembered, oldest first, and nothing where there is no file. The file stays as it is. */
export function readRemembered(
  path: string,
):
  | { readonly kind: 'read'; readonly profiles: readonly RememberedProfile[] }
  | { readonly kind: 'damaged'; readonly because: string } {
  let text: string
  try {
    const { size } = statSync(path)
    if (size > rememberedBytesMax)
      return { kind: 'damaged', because: `it has ${size} bytes, at most ${rememberedBytesMax} are read` }
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'read', profiles: [] }
    throw new CloudlessError('internal', 'PROFILES_UNREADABLE', `${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
    })
  }
  try {
    return { kind: 'read', profiles: fileSchema.parse(JSON.parse(text)).profiles }
  } catch (error) {
    if (!(error instanceof z.ZodError)) return { kind: 'damaged', because: messageOf(error) }
    const wrong = error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    return { kind: 'damaged', because: wrong.slice(0, 3).join('; ') }
  }
}

function setAside(path: string, log: Log, because: string): readonly RememberedProfile[] {
  const aside = `${path}.damaged`
  renameSync(path, aside)
  log.warn({ path, aside, because }, 'remembered profiles are damaged and were set aside; functions are profiled anew')
  return []
}
