// Unpacks a function bundle (tar.gz, named by its sha256) so that nothing in it can touch anything outside its folder.
// The digest is checked before the first byte is unpacked; only plain files and folders are accepted; names, counts
// and sizes have limits; the folder appears under its final name complete or not at all. Errors name the entry.
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract, type Extract } from 'tar-stream'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import { bundleLimits } from './config.ts'

export { bundleLimits } from './config.ts'

export type BundleLimits = {
  readonly archiveBytesMax: number
  readonly contentBytesMax: number
  readonly entriesMax: number
  readonly pathBytesMax: number
  readonly nameBytesMax: number
}

/** Unpacks the archive into `folder`, which must not exist. `folder`'s parent is made when missing. */
export async function unpackBundle(
  archivePath: string,
  digest: string,
  folder: string,
  limits: BundleLimits = bundleLimits,
): Promise<void> {
  await checkDigest(archivePath, digest, limits)
  await mkdir(dirname(folder), { recursive: true })
  const unfinished = await mkdtemp(join(dirname(folder), '.unpacking-'))
  try {
    await unpackInto(archivePath, unfinished, limits)
    await rename(unfinished, folder)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    throw error
  }
}

/** The entry's path relative to the bundle, '' for the bundle's own folder; refuses what could leave it. */
export function checkedPath(name: string, limits: BundleLimits = bundleLimits): string {
  const shown = JSON.stringify(name.slice(0, 200))
  if (name.startsWith('/')) throw refused(`entry ${shown} has an absolute path; pack relative paths`)
  if (name.includes('\\') || name.includes('\0')) throw refused(`entry ${shown} has a character that is not allowed`)
  if (Buffer.byteLength(name) > limits.pathBytesMax)
    throw refused(`entry ${shown} has a path of more than ${limits.pathBytesMax} bytes`)
  const segments = name.split('/').filter((segment) => segment !== '' && segment !== '.')
  if (segments.includes('..')) throw refused(`entry ${shown} leaves the bundle by "..": pack only what lies inside`)
  const long = segments.find((segment) => Buffer.byteLength(segment) > limits.nameBytesMax)
  if (long !== undefined) throw refused(`entry ${shown} has a name of more than ${limits.nameBytesMax} bytes`)
  return segments.join('/')
}

async function checkDigest(archivePath: string, digest: string, limits: BundleLimits): Promise<void> {
  if (!/^[0-9a-f]{64}$/.test(digest))
    throw refused(`digest ${JSON.stringify(digest)} is not a sha256 in lower-case hexadecimal`)
  const { size } = await stat(archivePath)
  if (size > limits.archiveBytesMax)
    throw refused(`archive has ${size} bytes, more than the ${limits.archiveBytesMax} allowed`)
  const hash = createHash('sha256')
  await pipeline(createReadStream(archivePath), hash)
  const found = hash.digest('hex')
  if (found !== digest)
    throw new CloudlessError('unavailable', 'BUNDLE_DIGEST', `bundle ${digest} arrived as ${found}; fetch it again`)
}

async function unpackInto(archivePath: string, folder: string, limits: BundleLimits): Promise<void> {
  const reader = extract()
  // The pipeline's own failure (not gzip, cut short) reaches the loop below through the destroyed reader.
  const feeding = pipeline(createReadStream(archivePath), createGunzip(), sizeGuard(limits), reader)
  feeding.catch(() => {})
  try {
    await unpackEntries(reader, folder, limits)
    await feeding
  } catch (error) {
    reader.destroy()
    await feeding.catch(() => {})
    if (error instanceof CloudlessError) throw error
    if (isFromFileSystem(error)) throw error
    throw refused(`archive is not a readable tar.gz: ${messageOf(error)}`, error)
  }
}

async function unpackEntries(reader: Extract, folder: string, limits: BundleLimits): Promise<void> {
  let entries = 0
  let contentBytes = 0
  for await (const entry of reader) {
    const { name, size } = entry.header
    entries += 1
    contentBytes += size
    if (entries > limits.entriesMax)
      throw refused(`entry ${JSON.stringify(name)} is beyond ${limits.entriesMax} entries`)
    if (contentBytes > limits.contentBytesMax)
      throw refused(`entry ${JSON.stringify(name)} takes the bundle beyond ${limits.contentBytesMax} bytes unpacked`)
    await unpackEntry(entry, folder, limits)
  }
}

type Entry = Extract extends AsyncIterable<infer Element> ? Element : never

async function unpackEntry(entry: Entry, folder: string, limits: BundleLimits): Promise<void> {
  const { name, type, mode } = entry.header
  const path = checkedPath(name, limits)
  if (type !== 'file' && type !== 'directory')
    throw refused(
      `entry ${JSON.stringify(name)} is a ${type ?? 'thing of unknown kind'}; only files and folders are allowed`,
    )
  try {
    if (type === 'directory') {
      await mkdir(join(folder, path), { recursive: true })
      entry.resume()
      return
    }
    await mkdir(join(folder, dirname(path)), { recursive: true })
    // 'wx': a second entry of the same name is refused, so that no reader of the archive sees another content.
    await pipeline(entry, createWriteStream(join(folder, path), { flags: 'wx' }))
    // Read-only: several instances share one unpacked bundle.
    await chmod(join(folder, path), (mode & 0o100) === 0 ? 0o444 : 0o555)
  } catch (error) {
    if (isFromFileSystem(error) && ['EEXIST', 'ENOTDIR', 'EISDIR'].includes(error.code))
      throw refused(`entry ${JSON.stringify(name)} clashes with an earlier entry of the same name`, error)
    throw error
  }
}

/** Stops a gzip bomb by the bytes that really come out, whatever the entries' headers say. */
function sizeGuard(limits: BundleLimits): Transform {
  const bytesMax = limits.contentBytesMax + limits.entriesMax * 4_096
  let bytes = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      if (bytes > bytesMax) done(refused(`archive unpacks to more than ${bytesMax} bytes`))
      else done(null, chunk)
    },
  })
}

function isFromFileSystem(error: unknown): error is NodeJS.ErrnoException & { code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
}

function refused(text: string, cause?: unknown): CloudlessError {
  return new CloudlessError('invalid', 'BUNDLE_REFUSED', `function bundle refused: ${text}`, { cause })
}
