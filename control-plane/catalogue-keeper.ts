// Keeps the catalogue in force true: clouds are asked now and then, what they say is kept in a folder, and the catalogue is put together
// anew whenever a file there changes, whoever wrote it. A cloud that does not answer leaves its last layer in force, which is
// marked stale once it is old; a catalogue that can not be put together leaves the one before.
import type { Adapter, AdapterId } from '#regions/adapter.ts'
import type { Catalogue } from '#regions/catalogue.ts'
import { staleAfterMs } from '#regions/fetched/config.ts'
import {
  fingerprintOf,
  keepLayers,
  layersOf,
  readFetched,
  type FetchedLayers,
} from '#regions/fetched/fetched-layers.ts'
import type { Layer } from '#regions/layer.ts'
import type { Clock, Timer } from '#runtime/clock.ts'
import { assert } from '#runtime/assert.ts'
import { messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Metrics } from '#runtime/metrics.ts'
import type { FetchedMark } from './api/region-service.ts'
import { controlPlaneConfig as config } from './config.ts'

export type KeeperOptions = {
  /** Where fetched layers are kept. */
  readonly folder: string
  /** Puts the catalogue together, with fetched layers where they belong. */
  readonly load: (
    fetched: readonly Layer[],
  ) => Promise<{ readonly catalogue: Catalogue; readonly warnings: readonly string[] }>
  /** Clouds to ask, and how often; they belong to the caller. None leaves that to `cloudless catalog refresh`. */
  readonly adapters: readonly Adapter[]
  readonly refreshEveryMs: number
  readonly clock: Clock
  readonly log: Log
  readonly metrics: Metrics
}

export class CatalogueKeeper {
  readonly #options: KeeperOptions
  readonly #refreshes: ReturnType<Metrics['counter']>
  readonly #ended = new AbortController()
  readonly #dueAtMs = new Map<AdapterId, number>()
  #catalogue: Catalogue | null = null
  #fetched: FetchedLayers['layers'] = []
  #fingerprint = ''
  #timer: Timer | null = null
  #looking: Promise<void> = Promise.resolve()
  #taking: Promise<void> = Promise.resolve()
  readonly #asking = new Map<AdapterId, Promise<void>>()

  constructor(options: KeeperOptions) {
    this.#options = options
    const { metrics } = options
    this.#refreshes = metrics.counter(
      'cloudless_catalogue_refreshes_total',
      'Times that a cloud was asked for its prices.',
      ['provider', 'outcome'],
    )
    const age = metrics.gauge('cloudless_catalogue_layer_age_seconds', 'Since a cloud was asked for it.', ['layer'])
    const stale = metrics.gauge('cloudless_catalogue_layer_stale', '1 for a fetched layer that is too old.', ['layer'])
    metrics.collect(() => {
      age.clear()
      stale.clear()
      for (const { id, fetchedAtMs, isStale } of this.fetched()) {
        age.set(Math.max(0, options.clock.now() - fetchedAtMs) / 1000, { layer: id })
        stale.set(isStale ? 1 : 0, { layer: id })
      }
    })
  }

  /** Reads what is there; fails where that makes no catalogue. */
  async open(): Promise<void> {
    this.#fingerprint = await fingerprintOf(this.#options.folder)
    await this.#load()
  }

  /** In force now. */
  current(): Catalogue {
    assert(this.#catalogue !== null, 'the catalogue was asked for before it was read')
    return this.#catalogue
  }

  /** What was asked of clouds, the newest last. */
  fetched(): readonly FetchedMark[] {
    const nowMs = this.#options.clock.now()
    const covered = new Set<string>()
    // The newest layer of a region is the one that its prices are from.
    const marks = this.#fetched.toReversed().map(({ id, fetchedAtMs, regions }): FetchedMark => {
      const own = regions.map(({ name }) => name).filter((name) => !covered.has(name))
      for (const name of own) covered.add(name)
      return { id, fetchedAtMs, isStale: nowMs - fetchedAtMs > staleAfterMs, regions: own.sort() }
    })
    return marks.toReversed()
  }

  start(): void {
    this.#later(0)
  }

  async stop(): Promise<void> {
    this.#ended.abort()
    this.#timer?.cancel()
    this.#timer = null
    await this.settled()
  }

  /** Resolves when no cloud is being asked. */
  async settled(): Promise<void> {
    await Promise.all([this.#looking, ...this.#asking.values()])
  }

  #later(delayMs: number): void {
    this.#timer = this.#options.clock.after(delayMs, () => {
      this.#looking = this.look()
        .catch((error: unknown) => this.#options.log.error({ error: messageOf(error) }, 'catalogue not looked at'))
        .then(() => {
          if (!this.#ended.signal.aborted) this.#later(config.catalogueLookEveryMs)
        })
    })
  }

  /** Begins to ask the clouds whose time has come, and takes in files that changed. */
  async look(): Promise<void> {
    for (const adapter of this.#options.adapters) this.#askWhenDue(adapter)
    await this.#takeIn()
  }

  /** One after the other: what is read later is put in force later. */
  #takeIn(): Promise<void> {
    this.#taking = this.#taking.then(() => this.#takeInNow())
    return this.#taking
  }

  async #takeInNow(): Promise<void> {
    const { folder, log } = this.#options
    const fingerprint = await fingerprintOf(folder)
    if (fingerprint === this.#fingerprint) return
    // Tried once for each state of the files, so that a broken one does not fill the log.
    this.#fingerprint = fingerprint
    try {
      await this.#load()
    } catch (error) {
      log.error({ error: messageOf(error) }, 'catalogue not put together; the one before stays in force')
    }
  }

  async #load(): Promise<void> {
    const { folder, load, log } = this.#options
    const fetched = await readFetched(folder)
    const { catalogue, warnings } = await load(fetched.layers)
    for (const warning of [...fetched.warnings, ...warnings].slice(0, config.catalogueWarningsMax))
      log.warn({ warning }, 'catalogue')
    this.#fetched = fetched.layers
    const isNew = this.#catalogue !== null && this.#catalogue.hash !== catalogue.hash
    // The same content stays the same value, for those who keep an index of it.
    if (this.#catalogue?.hash !== catalogue.hash) this.#catalogue = catalogue
    if (isNew) log.info({ version: catalogue.version, hash: catalogue.hash }, 'another catalogue is in force')
  }

  #askWhenDue(adapter: Adapter): void {
    const { id } = adapter
    if (this.#asking.has(id) || this.#options.clock.now() < this.#dueAt(id)) return
    const asked = this.#ask(adapter).finally(() => this.#asking.delete(id))
    this.#asking.set(id, asked)
  }

  /** A layer that is young enough, as after a restart, is not asked for again. */
  #dueAt(id: AdapterId): number {
    const { clock, refreshEveryMs } = this.#options
    const known = this.#fetched.find((layer) => layer.id === id)
    // One of a time to come tells that a clock was set; it must not keep the cloud from being asked.
    const isYoung = known !== undefined && known.fetchedAtMs <= clock.now()
    return this.#dueAtMs.get(id) ?? (isYoung ? known.fetchedAtMs + refreshEveryMs : 0)
  }

  async #ask(adapter: Adapter): Promise<void> {
    const { folder, clock, log, refreshEveryMs } = this.#options
    const { id } = adapter
    const { signal } = this.#ended
    try {
      const { usdPer } = this.current()
      const fetched = await adapter.refresh({ regions: [], instanceTypes: [], usdPer, signal, onProgress: () => {} })
      await keepLayers(folder, layersOf(id, fetched, true))
      this.#dueAtMs.set(id, clock.now() + refreshEveryMs)
      this.#refreshes.add(1, { provider: id, outcome: 'ok' })
      log.info({ provider: id, regions: fetched.regions.length }, 'prices of a cloud refreshed')
      await this.#takeIn()
    } catch (error) {
      if (signal.aborted) return
      this.#dueAtMs.set(id, clock.now() + Math.min(refreshEveryMs, config.catalogueRetryMs))
      this.#refreshes.add(1, { provider: id, outcome: 'failed' })
      log.warn({ provider: id, error: messageOf(error) }, 'a cloud did not tell its prices; its last layer stays')
    }
  }
}
