// Function bundles on this machine, by digest: fetched once from the control plane, checked and unpacked, shared by all
// instances, dropped when unused for a week. The unpacked folder appears complete or not at all.
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { bundleLimits, unpackBundle } from '#physical-plane/runtime/bundle.ts'
import type { FetchBundleResponse__Output } from '#proto/generated/cloudless/v1/FetchBundleResponse.ts'
import type { FleetServiceHandlers } from '#proto/generated/cloudless/v1/FleetService.ts'
import type { RpcClient } from '#proto/rpc/service.ts'

const unusedKeepMs = 7 * 24 * 3_600_000
const fetchTimeoutMs = 600_000

export class BundleCache {
  readonly #folder: string
  readonly #fleet: Pick<RpcClient<FleetServiceHandlers>, 'fetchBundle'>
  readonly #clock: Clock
  /** Instances that start together wait for one fetch. */
  readonly #fetching = new Map<string, Promise<string>>()

  constructor(folder: string, fleet: Pick<RpcClient<FleetServiceHandlers>, 'fetchBundle'>, clock: Clock) {
    this.#folder = folder
    this.#fleet = fleet
    this.#clock = clock
  }

  /** The folder with the unpacked bundle. */
  async get(digest: string): Promise<string> {
    if (!/^[0-9a-f]{64}$/.test(digest))
      throw new CloudlessError(
        'invalid',
        'BUNDLE_DIGEST',
        `function.bundle_digest ${JSON.stringify(digest)} is not a sha256`,
      )
    const folder = join(this.#folder, digest)
    const found = await stat(folder).catch(() => null)
    if (found !== null) {
      const now = new Date(this.#clock.now())
      await utimes(folder, now, now)
      return folder
    }
    const fetching =
      this.#fetching.get(digest) ?? this.#fetch(digest, folder).finally(() => this.#fetching.delete(digest))
    this.#fetching.set(digest, fetching)
    return fetching
  }

  /** Once at the start, before the first `get`: what a killed agent left half done, and what is old. */
  async clean(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name)
      const { mtimeMs } = await stat(path)
      const isWhole = /^[0-9a-f]{64}$/.test(name)
      if (!isWhole || this.#clock.now() - mtimeMs > unusedKeepMs) await rm(path, { recursive: true, force: true })
    }
  }

  async #fetch(digest: string, folder: string): Promise<string> {
    const archive = join(this.#folder, `${digest}.fetching`)
    try {
      const messages = this.#fleet.fetchBundle({ digest }, { deadlineMs: fetchTimeoutMs })
      await pipeline(Readable.from(limited(messages)), createWriteStream(archive, { mode: 0o600 }))
      await unpackBundle(archive, digest, folder)
      return folder
    } finally {
      await rm(archive, { force: true })
    }
  }
}

async function* limited(messages: AsyncIterable<FetchBundleResponse__Output>): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const { data } of messages) {
    bytes += data.length
    if (bytes > bundleLimits.archiveBytesMax)
      throw new CloudlessError(
        'invalid',
        'BUNDLE_REFUSED',
        `bundle is larger than ${bundleLimits.archiveBytesMax} bytes`,
      )
    if (data.length > 0) yield Buffer.from(data)
  }
}
