// node checkpoint-writer.ts FOLDER SEED: goes on from the newest checkpoint and writes one after another, as fast as it can,
// saying which are durable. What a checkpoint holds follows from its number, so that a reader can check all of it.
import { pathToFileURL } from 'node:url'
import { writeSync } from 'node:fs'
import { openObjects } from '#physical-plane/object-store/open-objects.ts'
import { HashThread } from '#physical-plane/parameter-server/checkpoints/hash-thread.ts'
import { ObjectCheckpoints, partitionPrefix } from '#physical-plane/parameter-server/checkpoints/object-checkpoints.ts'
import type { Snapshot } from '#physical-plane/parameter-server/checkpoint.ts'
import { silentLog, type Log } from '#runtime/log.ts'
import { seededRandom } from '#runtime/random.ts'

export function checkpointsIn(
  folder: string,
  seed: number,
  log: Log = silentLog,
): { readonly store: ObjectCheckpoints; readonly stop: () => Promise<void> } {
  const hashes = new HashThread()
  const store = new ObjectCheckpoints({
    objects: openObjects(pathToFileURL(folder).href, 'folder', seededRandom(seed)),
    prefix: partitionPrefix('j-1', 'aws/us-east-1'),
    sha256: (values) => hashes.sha256(values),
    log,
  })
  return { store, stop: () => hashes.stop() }
}

/** Some vectors change every time, some now and then, one never, one comes and goes. */
export function snapshotOf(step: number): Snapshot {
  const filled = (length: number, first: number): Float32Array =>
    new Float32Array(length).map((_, i) => first + (i % 97))
  return {
    state: { step },
    vectors: {
      values: filled(200_000, step),
      mark: filled(60_000, Math.floor(step / 5)),
      constant: filled(1_000, 7),
      ...(step % 3 === 0 ? { outbox: filled(5_000, -step) } : {}),
    },
  }
}

if (import.meta.main) {
  const [folder, seed] = process.argv.slice(2)
  const { store } = checkpointsIn(folder!, Number(seed))
  const found = (await store.load())?.state as { readonly step: number } | undefined
  writeSync(1, `began ${found?.step ?? 0}\n`)
  for (let step = (found?.step ?? 0) + 1; ; step++) {
    await store.save(snapshotOf(step))
    writeSync(1, `durable ${step}\n`)
  }
}
