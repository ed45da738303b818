import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { stagedMarkOf } from '#physical-plane/data/staged-mark.ts'
import { aParameterServer, aSpec } from './agent.fixture.ts'
import { decodeDesired, type DesiredInstance } from './desired.ts'
import { openFolders, type Folders } from './folders.ts'
import { checkStaged, shardsToStage, stagedSpec, sweepStaged } from './staged-data.ts'

let folders: Folders
beforeEach(() => {
  folders = openFolders(mkdtempSync(join(tmpdir(), 'staged-')))
})
afterEach(() => rmSync(folders.state, { recursive: true, force: true }))

const here = 'onprem/lab'
const cloud = 'aws/us-east-1'

/** The lab trains on its own shard, on the cloud's two, and evaluates what lies there; another region keeps to itself. */
function instance(over: { readonly checkpointFrom?: string } = {}): DesiredInstance {
  const shard = { samples: 1, bytes: 0, mayMoveTo: [] }
  const spec = aSpec({
    shards: [
      { ...shard, region: here, uri: 'file:///data/own.npz' },
      { ...shard, region: cloud, uri: 'file:///data/far%20away.npz' },
      { ...shard, region: 'aws/eu-west-1', uri: 'file:///data/theirs.npz' },
      { ...shard, region: cloud, uri: 's3://bucket-1/sets/train' },
      { ...shard, region: here, uri: 's3://bucket-2' },
    ],
    holdout: { region: cloud, uri: 'file:///data/holdout.npz', samples: 1 },
  })
  const partitions = [
    { partition: here, place: here, dataRegions: [cloud, here], samples: 4 },
    { partition: 'aws/eu-west-1', place: 'aws/eu-west-1', dataRegions: ['aws/eu-west-1'], samples: 1 },
  ]
  const wire = aParameterServer({ spec, partitions, ...over })
  const state = { revision: 1, instances: [wire], addressBooks: [], keptJobIds: [], functions: [], pipelines: [] }
  return decodeDesired(state, here).instances[0]!
}

const at = (name: string): string => join(folders.staged('j-1'), name)

describe('data from elsewhere', () => {
  test('is what lies in other regions, or in any object store, of this partition alone', () => {
    expect(shardsToStage(instance(), folders)).toEqual([
      { region: cloud, uri: 'file:///data/far%20away.npz', path: at('shard-1/far away.npz') },
      { region: cloud, uri: 's3://bucket-1/sets/train', path: at('shard-3/train') },
      { region: here, uri: 's3://bucket-2', path: at('shard-4/bucket-2') },
      { region: cloud, uri: 'file:///data/holdout.npz', path: at('holdout/holdout.npz') },
    ])
    const moved = shardsToStage(instance({ checkpointFrom: cloud }), folders)
    expect(moved.at(-1)).toEqual({
      region: cloud,
      uri: 'checkpoint://j-1/onprem%2Flab',
      path: at('checkpoint/onprem%2Flab'),
    })
  })

  test('has its address here for the partition; the order of the shards stays', () => {
    const { shards, holdout } = stagedSpec(instance(), folders)
    expect(shards.map(({ uri }) => uri.replace(`file://${folders.staged('j-1')}`, ''))).toEqual([
      'file:///data/own.npz',
      '/shard-1/far%20away.npz',
      'file:///data/theirs.npz',
      '/shard-3/train',
      '/shard-4/bucket-2',
    ])
    expect(holdout?.uri).toContain('/holdout/holdout.npz')
  })

  test('holds the partition up until it is marked as there, and is', async () => {
    await expect(checkStaged(instance(), folders)).rejects.toThrow('its data is still being fetched')
    const shards = shardsToStage(instance(), folders).map(({ path }) => path)
    const file = { path: at('shard-3/train/x'), bytes: 3 }
    mkdirSync(at('shard-3/train'), { recursive: true })
    writeFileSync(file.path, 'abc')
    const mark = (marked: readonly string[]): void =>
      writeFileSync(stagedMarkOf(folders.staged('j-1')), JSON.stringify({ shards: marked, files: [file] }))
    mark(shards.slice(1))
    await expect(checkStaged(instance(), folders)).rejects.toThrow(
      /far%20away.npz of aws\/us-east-1 is not fetched yet/,
    )
    mark(shards)
    await checkStaged(instance(), folders)
    writeFileSync(file.path, 'ab')
    await expect(checkStaged(instance(), folders)).rejects.toThrow(/train\/x has 2 of 3 bytes/)
  })

  test('goes when nobody needs it', async () => {
    for (const jobId of ['j-1', 'j-2']) mkdirSync(folders.staged(jobId), { recursive: true })
    await sweepStaged(folders, (jobId) => jobId === 'j-2')
    await expect(checkStaged(instance(), folders)).rejects.toThrow('still being fetched')
    await sweepStaged(folders, () => false)
    await sweepStaged(folders, () => false)
  })
})
