// A partition's checkpoints in its region's object store: `PREFIX/manifests/N.json`, and one object per vector under
// `PREFIX/objects/`, named by its sha256. A manifest is written after all that it names, so a checkpoint is there whole or
// not at all. The newest two stay; a vector that did not change is written once, and goes with the last manifest that
// needs it. Each number is taken once: of two processes that both believe to be this partition, the slower one finds its
// number taken, or a higher one there, and nothing of it becomes durable any more.
import { assert } from '#runtime/assert.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { ObjectStore } from '#physical-plane/object-store/object-store.ts'
import type { CheckpointStore, Snapshot } from '../checkpoint.ts'
import { decodeManifest, encodeManifest, type Manifest, type VectorEntry } from './manifest.ts'

export type ObjectCheckpointsOptions = {
  readonly objects: ObjectStore
  /** Of this partition alone; ends with a slash. */
  readonly prefix: string
  readonly sha256: (values: Float32Array) => Promise<string>
  readonly log: Log
}

/** Where the checkpoints of a job's partition lie. */
export function partitionPrefix(jobId: string, region: string): string {
  return `${jobPrefix(jobId)}${encodeURIComponent(region)}/`
}

export function jobPrefix(jobId: string): string {
  return `jobs/${jobId}/`
}

/** A manifest that can be read, by its number, and the hashes of what it needs. */
type Known = { readonly number: number; readonly hashes: ReadonlySet<string> }

export class ObjectCheckpoints implements CheckpointStore {
  readonly #options: ObjectCheckpointsOptions
  /** The contract of a snapshot is that its vectors never change: the same vector has the same hash. */
  readonly #hashes = new WeakMap<Float32Array, string>()
  /** Objects that this process wrote, or read and checked. */
  readonly #stored = new Set<string>()
  #newest: Known | null = null
  #before: Known | null = null
  /** Checkpoints, and objects that one of them needed, that are to be removed. */
  #past: Known[] = []
  readonly #dropped = new Set<string>()
  /** What earlier processes left has been removed. */
  #isTidy = false
  /** The highest number seen or tried; null before the first look. */
  #number: number | null = null
  #taken: CloudlessError | null = null
  #isSaving = false

  constructor(options: ObjectCheckpointsOptions) {
    this.#options = options
  }

  async load(): Promise<Snapshot | null> {
    const { objects, prefix, log } = this.#options
    await objects.sweep(prefix)
    const numbers = await this.#numbers()
    this.#number = numbers[0] ?? 0
    const problems: string[] = []
    for (const number of numbers) {
      try {
        const snapshot = await this.#read(number)
        if (problems.length > 0)
          log.error({ number, problems }, 'the newest checkpoint is damaged; using the one before')
        return snapshot
      } catch (error) {
        if (!(error instanceof CloudlessError) || error.reason !== 'CHECKPOINT_DAMAGED') throw error
        problems.push(error.message)
      }
    }
    if (problems.length === 0) return null
    throw new CloudlessError('internal', 'CHECKPOINT_DAMAGED', `no checkpoint can be read: ${problems.join('; ')}`)
  }

  async save(snapshot: Snapshot): Promise<void> {
    assert(!this.#isSaving, 'one checkpoint is written at a time')
    if (this.#taken !== null) throw this.#taken
    this.#isSaving = true
    try {
      this.#number ??= (await this.#numbers())[0] ?? 0
      const vectors = await this.#putVectors(snapshot)
      // After a failure that leaves open what was written, the next one takes another number.
      this.#number += 1
      const written = { number: this.#number, hashes: new Set(vectors.map(({ sha256 }) => sha256)) }
      await this.#putManifest({ number: this.#number, state: snapshot.state, vectors })
      const before = this.#newest
      if (this.#before !== null) this.#past.push(this.#before)
      this.#before = before
      this.#newest = written
      await this.#prune(written, before)
    } finally {
      this.#isSaving = false
    }
  }

  async #read(number: number): Promise<Snapshot> {
    const { objects } = this.#options
    const where = this.#describe(number)
    const bytes = await objects.get(this.#manifestName(number))
    if (bytes === null) throw damaged(`${where} is gone`)
    const manifest = decodeManifest(bytes, where)
    const vectors: Record<string, Float32Array> = {}
    for (const entry of manifest.vectors) vectors[entry.name] = await this.#readVector(entry, where)
    this.#newest = { number, hashes: new Set(manifest.vectors.map(({ sha256 }) => sha256)) }
    for (const hash of this.#newest.hashes) this.#stored.add(hash)
    return { state: manifest.state, vectors }
  }

  async #readVector({ name, elements, sha256 }: VectorEntry, where: string): Promise<Float32Array> {
    const bytes = await this.#options.objects.get(this.#objectName(sha256))
    const what = `vector ${name} of ${where}`
    if (bytes === null) throw damaged(`${what} is missing: there is no object ${sha256}`)
    if (bytes.length !== elements * 4) throw damaged(`${what} has ${bytes.length} bytes instead of ${elements * 4}`)
    const values = new Float32Array(elements)
    new Uint8Array(values.buffer).set(bytes)
    if ((await this.#options.sha256(values)) !== sha256) throw damaged(`${what} does not have the hash ${sha256}`)
    this.#hashes.set(values, sha256)
    return values
  }

  async #putVectors({ vectors }: Snapshot): Promise<readonly VectorEntry[]> {
    const { objects } = this.#options
    const entries: VectorEntry[] = []
    const added: string[] = []
    try {
      for (const [name, values] of Object.entries(vectors)) {
        const sha256 = this.#hashes.get(values) ?? (await this.#options.sha256(values))
        this.#hashes.set(values, sha256)
        entries.push({ name, elements: values.length, sha256 })
        if (this.#stored.has(sha256)) continue
        added.push(sha256)
        const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
        await objects.put(this.#objectName(sha256), bytes)
        this.#stored.add(sha256)
      }
    } catch (error) {
      // Nobody needs them, and a full disk has room for something smaller again.
      await Promise.allSettled(added.map((sha256) => this.#removeObject(sha256)))
      throw error
    }
    return entries
  }

  async #putManifest(manifest: Manifest): Promise<void> {
    const { objects } = this.#options
    const isOurs = await objects.put(this.#manifestName(manifest.number), encodeManifest(manifest), { ifAbsent: true })
    // Numbers that were pruned look free to a process that stood still meanwhile.
    const highest = (await this.#numbers())[0] ?? 0
    if (isOurs && highest === manifest.number) return
    const text = `another process has written ${this.#describe(highest)}, where this one would write number ${manifest.number}: this one is no longer the partition's`
    this.#taken = new CloudlessError('conflict', 'CHECKPOINT_TAKEN', text)
    throw this.#taken
  }

  /**
   * The first time everything but these two goes; later what the one that drops out needed alone. So a process that has
   * lost its place without knowing it removes nothing of its successor's.
   */
  async #prune(written: Known, before: Known | null): Promise<void> {
    const { objects, prefix, log } = this.#options
    const needed = new Set([...written.hashes, ...(before?.hashes ?? [])])
    try {
      if (!this.#isTidy) {
        const others = (await this.#numbers()).filter((number) => number < written.number && number !== before?.number)
        for (const number of others) await objects.remove(this.#manifestName(number))
        const names = await objects.list(`${prefix}objects/`)
        for (const name of names) this.#dropped.add(name.slice(name.lastIndexOf('/') + 1))
        this.#isTidy = true
      }
      for (const { number } of this.#past) await objects.remove(this.#manifestName(number))
      for (const { hashes } of this.#past) for (const sha256 of hashes) this.#dropped.add(sha256)
      this.#past = []
      for (const sha256 of this.#dropped) {
        if (!needed.has(sha256)) await this.#removeObject(sha256)
        this.#dropped.delete(sha256)
      }
    } catch (error) {
      // The new checkpoint is durable all the same; the rest is tried again after the next one.
      log.warn({ error: messageOf(error) }, 'what old checkpoints have left could not be removed')
    }
  }

  async #removeObject(sha256: string): Promise<void> {
    this.#stored.delete(sha256)
    await this.#options.objects.remove(this.#objectName(sha256))
  }

  /** Of the manifests that are there, the highest first. */
  async #numbers(): Promise<readonly number[]> {
    const names = await this.#options.objects.list(`${this.#options.prefix}manifests/`)
    const numbers = names.map((name) => Number(/\/(\d+)\.json$/.exec(name)?.[1]))
    return numbers.filter((number) => number > 0).sort((a, b) => b - a)
  }

  #manifestName(number: number): string {
    return `${this.#options.prefix}manifests/${String(number).padStart(12, '0')}.json`
  }

  #objectName(sha256: string): string {
    return `${this.#options.prefix}objects/${sha256}`
  }

  #describe(number: number): string {
    return `checkpoint ${this.#manifestName(number)} in ${this.#options.objects.address}`
  }
}

function damaged(text: string): CloudlessError {
  return new CloudlessError('internal', 'CHECKPOINT_DAMAGED', text)
}
