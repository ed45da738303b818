import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLog, type Log } from '#runtime/log.ts'
import { pointsMax, rememberedBytesMax, rememberedMax } from './config.ts'
import { readRemembered, RememberedProfiles, type AskedOf, type Profile, type ProfileKey } from './remembered.ts'

const key: ProfileKey = {
  digest: 'ab'.repeat(32),
  function: 'resnet',
  deviceModel: 'nvidia-t4',
  driverVersion: '580.65',
  question: asked(40),
}
const profile: Profile = {
  requestMilli: 300,
  limitMilli: 600,
  requestPerSecond: 400,
  limitPerSecond: 700,
  latencyMs: 39.9,
  batch: 16,
  instances: 1,
  probes: 14,
  atMs: 1_767_225_600_000,
}

describe('remembered profiles', () => {
  let folder: string
  let path: string
  const warnings: string[] = []
  const log: Log = { ...silentLog, warn: (fields) => warnings.push(JSON.stringify(fields)) }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cloudless-profiles-'))
    path = join(folder, 'state', 'profiles.json')
    warnings.length = 0
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('are there after a restart, readable by their owner only', () => {
    new RememberedProfiles(path, log).remember(key, profile)
    expect(new RememberedProfiles(path, log).find(key)).toEqual(profile)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(warnings).toEqual([])
  })

  test('hold points, as many as there may be, and those that are older none', () => {
    const remembered = new RememberedProfiles(path, log)
    const point = { batch: 16, smMilli: 1000, quotaMilli: 1000, latencyMs: 1234.56 }
    const points = Array.from({ length: pointsMax }, () => point)
    remembered.remember(key, profile)
    remembered.remember({ ...key, function: 'bert' }, { ...profile, points })
    const again = new RememberedProfiles(path, log)
    expect(again.find(key)).toEqual(profile)
    expect(again.find({ ...key, function: 'bert' })?.points).toEqual(points)
    // All that may be remembered can be read again.
    expect(rememberedMax * statSync(path).size).toBeLessThan(rememberedBytesMax)
  })

  test.each([{ digest: 'cd'.repeat(32) }, { driverVersion: '590.1' }])(
    '%o is another question, and forgets the old',
    (changed) => {
      const remembered = new RememberedProfiles(path, log)
      remembered.remember(key, profile)
      remembered.remember({ ...key, question: asked(60) }, profile)
      expect(remembered.find({ ...key, ...changed })).toBeNull()
      remembered.remember({ ...key, ...changed }, { ...profile, requestMilli: 250 })
      expect(remembered.find({ ...key, ...changed })?.requestMilli).toBe(250)
      expect(remembered.find(key)).toBeNull()
      expect(remembered.find({ ...key, question: asked(60) })).toBeNull()
    },
  )

  test('functions, devices and questions stand side by side', () => {
    const remembered = new RememberedProfiles(path, log)
    const others = [
      { function: 'bert' },
      { deviceModel: 'nvidia-a100' },
      { question: asked(60) },
      { question: asked(40, 95) },
    ]
    remembered.remember(key, profile)
    for (const other of others) {
      expect(remembered.find({ ...key, ...other })).toBeNull()
      remembered.remember({ ...key, ...other }, { ...profile, batch: 8 })
    }
    expect(remembered.find(key)).toEqual(profile)
    for (const other of others) expect(remembered.find({ ...key, ...other })?.batch).toBe(8)
  })

  test.each([
    ['torn', '{"version":1,"profi', 'JSON'],
    ['of an older version', '{"version":1,"profiles":[]}', 'version'],
    ['of a newer version', '{"version":3,"profiles":[]}', 'version'],
    ['with a share above one', file({ ...profile, requestMilli: 1500 }), 'requestMilli'],
    ['with words for numbers', file({ ...profile, batch: 'many' }), 'batch'],
    ['with unknown fields', file({ ...profile, price: 1 }), 'price'],
    ['too large', ' '.repeat(rememberedBytesMax + 1), 'bytes'],
  ])('a file that is %s is set aside with a warning', (_, text, named) => {
    new RememberedProfiles(path, log).remember(key, profile)
    writeFileSync(path, text)
    const remembered = new RememberedProfiles(path, log)
    expect(remembered.find(key)).toBeNull()
    expect(warnings).toEqual([expect.stringContaining(named)])
    expect(existsSync(path)).toBe(false)
    expect(existsSync(`${path}.damaged`)).toBe(true)
    remembered.remember(key, profile)
    expect(new RememberedProfiles(path, log).find(key)).toEqual(profile)
  })

  test('a file is read without being touched', () => {
    expect(readRemembered(path)).toEqual({ kind: 'read', profiles: [] })
    new RememberedProfiles(path, log).remember(key, profile)
    expect(readRemembered(path)).toEqual({ kind: 'read', profiles: [{ ...key, profile }] })
    writeFileSync(path, '{"version":1,"profiles":[]}')
    expect(readRemembered(path)).toMatchObject({
      kind: 'damaged',
      because: expect.stringContaining('version') as unknown,
    })
    expect(existsSync(path)).toBe(true)
  })

  test('the oldest go where there are too many', () => {
    const profiles = Array.from({ length: rememberedMax }, (_, index) => ({ ...key, function: `f${index}`, profile }))
    new RememberedProfiles(path, log).remember(key, profile)
    writeFileSync(path, JSON.stringify({ version: 2, profiles }))
    const remembered = new RememberedProfiles(path, log)
    remembered.remember(key, profile)
    expect(remembered.find({ ...key, function: 'f0' })).toBeNull()
    expect(remembered.find({ ...key, function: 'f1' })).toEqual(profile)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ profiles: { length: rememberedMax } })
  })
})

function file(changed: object): string {
  return JSON.stringify({ version: 2, profiles: [{ ...key, profile: changed }] })
}

function asked(latencyMs: number, percentile = 99): AskedOf {
  const slo = { latencyMs, percentile, per: 'request' as const }
  return { slo, ratePerSecond: null, batches: [1, 2, 4], secondsPerProbe: 5 }
}
