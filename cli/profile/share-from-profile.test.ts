import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { RememberedProfile } from '#physical-plane/gpu-sharing/profiler/remembered.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { FunctionFile } from '../function-file.ts'
import { readFunctionFile } from '../function-file.ts'
import { readJobFile } from '../job-file.ts'
import { openOutput } from '../output.ts'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { explicitFunction, explicitJob, profilerFolder } from './explicit-share.ts'
import { digest, ofSlo, refusalOf, remembered, slo } from './remembered.fixture.ts'
import { profileFor, usedText, type ShareAsked } from './share-from-profile.ts'
import { digestOf } from './target.ts'

const asked: ShareAsked = {
  path: 'function.yaml',
  field: 'gpu_share',
  name: 'classify',
  digest,
  deviceModels: ['nvidia-t4'],
  answers: { slo, batchMax: 16 },
  memoryBytes: 0,
}

const refusal = (given: readonly RememberedProfile[], over: Partial<ShareAsked> = {}): string =>
  refusalOf(() => profileFor({ ...asked, ...over }, given))

describe('the profile that stands for auto', () => {
  test('is of this function, bundle, objective and device model', () => {
    const others = [
      remembered({ function: 'other', profile: { batch: 1 } }),
      remembered({ digest: 'cd'.repeat(32), profile: { batch: 1 } }),
      remembered({ deviceModel: 'nvidia-a100', profile: { batch: 1 } }),
      remembered({ ...ofSlo({ latencyMs: 60 }), profile: { batch: 1 } }),
      remembered({ ...ofSlo({ percentile: 95 }), profile: { batch: 1 } }),
      remembered({ ...ofSlo({ per: 'token' }), profile: { batch: 1 } }),
      remembered({ question: { ...remembered().question, slo: null }, profile: { batch: 1 } }),
    ]
    expect(profileFor(asked, [...others, remembered(), ...others])).toMatchObject({
      deviceModel: 'nvidia-t4',
      requestMilli: 300,
      limitMilli: 600,
      batch: 8,
    })
    for (const other of others) expect(() => profileFor(asked, [other])).toThrow(CloudlessError)
  })

  test('is the newest, whatever its place in the file', () => {
    const newest = remembered({ profile: { requestMilli: 250, atMs: Date.UTC(2026, 11, 1) } })
    expect(profileFor(asked, [newest, remembered()]).requestMilli).toBe(250)
    expect(profileFor(asked, [remembered(), newest]).requestMilli).toBe(250)
  })

  test('decides on the device model where the file leaves several', () => {
    expect(profileFor({ ...asked, deviceModels: [] }, [remembered()]).deviceModel).toBe('nvidia-t4')
    const deviceModels = ['cpu', 'nvidia-a100', 'nvidia-t4']
    expect(profileFor({ ...asked, deviceModels }, [remembered()]).deviceModel).toBe('nvidia-t4')
    const both = [remembered(), remembered({ deviceModel: 'nvidia-a100' })]
    expect(refusal(both, { deviceModels })).toContain(
      'gpu_share: auto: classify is measured on nvidia-a100, nvidia-t4, and needs another share of each; name one in device_models',
    )
  })

  test('of training is asked without an objective', () => {
    const job = { ...asked, field: 'resources.gpu_share', path: 'job.yaml', answers: null }
    const trained = remembered({ question: { ...remembered().question, slo: null }, profile: { latencyMs: null } })
    expect(profileFor(job, [remembered(), trained]).latencyMs).toBeNull()
    expect(refusal([remembered()], job)).toMatch(/^resources\.gpu_share: auto: classify is not measured on nvidia-t4/)
  })

  test('is told in one line', () => {
    expect(usedText(profileFor(asked, [remembered({ profile: { instances: 3 } })]))).toBe(
      'share of classify from its profile (nvidia-t4, driver 580.95, 14 probes on 2026-11-22): request 0.3, limit 0.6, ' +
        'batches of 8; 3 instances carry the rate that it was measured for',
    )
  })
})

describe('what no profile fits is refused with the command that measures it', () => {
  test.each([
    [
      [],
      {},
      'classify is not measured on nvidia-t4 as it is asked for; run `cloudless profile function.yaml --device nvidia-t4`',
    ],
    [
      [],
      { deviceModels: [] },
      'not measured on any GPU as it is asked for; run `cloudless profile function.yaml` on a machine with',
    ],
    [[], { deviceModels: ['a', 'b'] }, 'is not measured on a or b as'],
    [[], { deviceModels: ['cpu'] }, 'is of a GPU, and device_models allows cpu only'],
    [
      [remembered({ digest: 'ef'.repeat(32) })],
      {},
      'measured on nvidia-t4 and what is in its folder has changed since',
    ],
    [
      [remembered(ofSlo({ latencyMs: 60 }))],
      {},
      'on nvidia-t4 for 60 ms per request at the 99th percentile, and the file has 40 ms',
    ],
    [[remembered(ofSlo({ per: 'token' }))], {}, 'for 40 ms per token at'],
    [[remembered()], { answers: { slo: null, batchMax: 16 } }, 'is not measured'],
    [[remembered()], { answers: { slo, batchMax: 4 } }, 'in batches of 8, and the file allows 4 with batch_max'],
    [[remembered({ deviceModel: 'nvidia-a100' })], {}, 'is not measured on nvidia-t4 as it is asked for; run'],
  ])('%#', (given, over, told) => expect(refusal(given, over)).toContain(told))
})

describe('files that leave their share to the profile', () => {
  let home: string
  let notes: string[]
  const output = openOutput({
    stdout: { write: () => true },
    stderr: { write: (text) => notes.push(String(text)) },
    clock: new VirtualClock(),
    isJson: true,
    isQuiet: false,
    colours: false,
  })
  const path = (): string => join(profilerFolder(home), 'profiles.json')
  const write = (text: string): void => writeFileSync(path(), text)
  const fileOf = (...profiles: readonly RememberedProfile[]): string => JSON.stringify({ version: 2, profiles })

  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'cloudless-auto-'))
    mkdirSync(profilerFolder(home))
    mkdirSync(join(home, 'fn'))
    writeFileSync(join(home, 'fn/model.py'), 'class Classify: pass\n')
    writeFileSync(join(home, 'fn/train.py'), 'print(1)\n')
  })
  beforeEach(() => {
    notes = []
    rmSync(path(), { force: true })
  })
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  function functionFile(share: string, more = ''): FunctionFile {
    const file = join(home, 'function.yaml')
    const text = `name: classify\nfolder: fn\nhandler: model:Classify\nslo: { latency_ms: 40 }\nbatch_max: 16\ngpu_share: ${share}\n${more}`
    writeFileSync(file, text)
    return readFunctionFile(file)
  }

  test('a function gets share, batch and device model of its profile, keeps its memory, and is told', async () => {
    write(fileOf(remembered({ digest: await digestOf(join(home, 'fn')) })))
    const { file, profile } = await explicitFunction(functionFile('{ request: auto, memory_gib: 2 }'), { home, output })
    expect(file).toMatchObject({
      profiledShare: null,
      spec: {
        gpuShare: { requestMilli: 300, limitMilli: 600, memoryBytes: 2 ** 31 },
        batchMax: 8,
        deviceModels: ['nvidia-t4'],
      },
    })
    expect(profile).toMatchObject({ function: 'classify', driverVersion: '580.95', probes: 14 })
    expect(notes.join('')).toContain('share of classify from its profile (nvidia-t4')
  })

  test('a function gets how long its batches take, of the GPU that its share is of, and is told', async () => {
    const points = [{ batch: 8, smMilli: 1000, quotaMilli: 300, latencyMs: 38 }]
    const own = { digest: await digestOf(join(home, 'fn')), profile: { points } }
    write(fileOf(remembered(own)))
    const both = functionFile('auto', 'profile: auto\n')
    const { file } = await explicitFunction(both, { home, output })
    expect(file).toMatchObject({
      profiledShare: null,
      isProfileAuto: false,
      spec: { gpuShare: { requestMilli: 300 }, profile: [{ deviceModel: 'nvidia-t4', ...points[0] }] },
    })
    expect(notes.join('')).toContain('latencies of classify from its profile: 1 points of nvidia-t4')
    // Whatever the share is that the file gives itself.
    const given = await explicitFunction(functionFile('{ request: 0.5 }', 'profile: auto\n'), { home, output })
    expect(given).toMatchObject({ profile: null, file: { spec: { gpuShare: { requestMilli: 500 } } } })
    expect(given.file.spec.profile).toHaveLength(1)
    write('nonsense')
    await expect(explicitFunction(given.file, { home, output })).resolves.toMatchObject({ file: given.file })
    const refused = explicitFunction(functionFile('{ request: 0.5 }', 'profile: auto\n'), { home, output })
    await expect(refused).rejects.toMatchObject({ violations: [{ field: 'profile' }], reason: 'PROFILES_DAMAGED' })
  })

  test('a job gets its share, and the threads of CPUs that it may use stay', async () => {
    const training = { ...remembered().question, slo: null }
    write(
      fileOf(
        remembered({ digest: await digestOf(join(home, 'fn')), question: training, profile: { latencyMs: null } }),
      ),
    )
    const job = join(home, 'job.yaml')
    writeFileSync(
      job,
      'name: classify\nfunction: { folder: fn, entrypoint: train.py }\n' +
        "data: { shards: [{ region: onprem/lab, uri: 's3://bucket/d', samples: 64 }] }\n" +
        'resources: { device_models: [nvidia-t4, cpu, nvidia-a100], gpu_share: auto }\n',
    )
    const { file } = await explicitJob(readJobFile(job), { home, output })
    expect(file.spec.resources).toMatchObject({
      deviceModels: ['cpu', 'nvidia-t4'],
      gpuShare: { requestMilli: 300, limitMilli: 600 },
    })
  })

  test('a share that the file gives itself asks no profile', async () => {
    write('nonsense')
    const given = functionFile('{ request: 0.5 }')
    expect(await explicitFunction(given, { home, output })).toEqual({ file: given, profile: null })
  })

  test.each([
    ['of an older version', '{"version":1,"profiles":[]}'],
    ['torn', '{"version":2,"profi'],
    ['with a share above one', fileOf(remembered({ profile: { requestMilli: 1001 } }))],
  ])('remembered profiles that are %s are refused by name, and stay where they are', async (_, text) => {
    write(text)
    const refused = explicitFunction(functionFile('auto'), { home, output })
    await expect(refused).rejects.toMatchObject({ reason: 'PROFILES_DAMAGED' })
    await expect(refused).rejects.toThrow(
      /profiles\.json is damaged, or of another version .*measure again with `cloudless/,
    )
    expect(readFileSync(path(), 'utf8')).toBe(text)
  })

  test('none remembered at all is a function that is not measured', async () => {
    const refused = explicitFunction(functionFile('auto'), { home, output })
    await expect(refused).rejects.toMatchObject({ reason: 'NO_PROFILE' })
    expect(existsSync(path())).toBe(false)
  })
})
