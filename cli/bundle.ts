// Packs a folder into a function bundle: a tar.gz named by the sha256 of its bytes. The same folder gives the same
// digest (names sorted, times and owners fixed), so that an unchanged function is uploaded once. Limit: the digest
// covers compressed bytes, so another build of zlib may give another digest for the same folder; that only uploads twice.
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { readdir, realpath, rm, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { pack, type Pack } from 'tar-stream'
import { bundleLimits, type BundleLimits } from '#physical-plane/runtime/bundle.ts'
import { CloudlessError } from '#runtime/errors.ts'

export type PackedBundle = {
  /** sha256 of the archive, lower-case hex. */
  readonly digest: string
  readonly archiveBytes: number
  readonly contentBytes: number
  /** Relative paths in the order of the archive. */
  readonly files: readonly string[]
}

/** Names that never belong to a function. */
const ignoredNames: ReadonlySet<string> = new Set(['__pycache__', '.git', '.DS_Store', '.pytest_cache'])

/** Packs `folder` into a new file `archivePath`. Empty folders are left out. */
export async function packBundle(
  folder: string,
  archivePath: string,
  limits: BundleLimits = bundleLimits,
): Promise<PackedBundle> {
  const root = await realFolder(folder)
  const files = await listFiles(root, limits)
  if (files.length === 0) throw refused(`folder ${folder} has no files to pack`)
  const archive = pack()
  const hash = createHash('sha256')
  let archiveBytes = 0
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      archiveBytes += chunk.length
      hash.update(chunk)
      if (archiveBytes > limits.archiveBytesMax)
        done(refused(`the archive of ${folder} grows beyond ${limits.archiveBytesMax} bytes; leave data out of it`))
      else done(null, chunk)
    },
  })
  const writing = pipeline(archive, createGzip({ level: 6 }), meter, createWriteStream(archivePath, { mode: 0o600 }))
  writing.catch((error: unknown) => archive.destroy(error instanceof Error ? error : undefined))
  try {
    for (const file of files) await addFile(archive, root, file)
    archive.finalize()
    await writing
  } catch (error) {
    archive.destroy()
    // The first failure is the cause: the pipeline's own when it broke, else the entry's.
    const cause: unknown = await writing.then(
      () => error,
      (failure: unknown) => (error instanceof CloudlessError ? error : failure),
    )
    await rm(archivePath, { force: true })
    throw cause
  }
  return {
    digest: hash.digest('hex'),
    archiveBytes,
    contentBytes: files.reduce((sum, file) => sum + file.bytes, 0),
    files: files.map(({ path }) => path),
  }
}

type FoundFile = { readonly path: string; readonly bytes: number; readonly isExecutable: boolean }

async function realFolder(folder: string): Promise<string> {
  const found = await stat(folder).catch(() => null)
  if (found === null) throw refused(`folder ${folder} does not exist`)
  if (!found.isDirectory()) throw refused(`${folder} is not a folder`)
  return realpath(folder)
}

async function listFiles(root: string, limits: BundleLimits): Promise<readonly FoundFile[]> {
  const files: FoundFile[] = []
  let contentBytes = 0
  const folders = ['']
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      if (ignoredNames.has(entry.name) || entry.name.endsWith('.pyc')) continue
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`
      checkName(path, limits)
      if (entry.isDirectory()) {
        folders.push(path)
        continue
      }
      const file = await checkedFile(root, path)
      contentBytes += file.bytes
      files.push(file)
      if (files.length > limits.entriesMax) throw refused(`folder ${root} has more than ${limits.entriesMax} files`)
      if (contentBytes > limits.contentBytesMax)
        throw refused(`${path} takes the bundle beyond ${limits.contentBytesMax} bytes; leave data out of it`)
    }
  }
  // By code unit, not by locale, so that every machine agrees.
  return files.sort((a, b) => (a.path < b.path ? -1 : 1))
}

/** A plain file, or a link to one inside the folder, which is packed as the file it names. */
async function checkedFile(root: string, path: string): Promise<FoundFile> {
  const target = await realpath(join(root, path)).catch(() => null)
  if (target === null) throw refused(`${path} is a link to nothing`)
  if (!target.startsWith(root + sep)) throw refused(`${path} is a link out of the folder, to ${target}; copy it in`)
  const found = await stat(target)
  if (found.isDirectory()) throw refused(`${path} is a link to a folder; put the folder itself there`)
  if (!found.isFile()) throw refused(`${path} is neither a file nor a folder`)
  return { path, bytes: found.size, isExecutable: (found.mode & 0o100) !== 0 }
}

function checkName(path: string, limits: BundleLimits): void {
  if (path.includes('\\')) throw refused(`${path} has a backslash in its name; rename it`)
  if (Buffer.byteLength(path) > limits.pathBytesMax)
    throw refused(`${path} is longer than ${limits.pathBytesMax} bytes`)
}

async function addFile(archive: Pack, root: string, file: FoundFile): Promise<void> {
  const entry = archive.entry({
    name: file.path,
    size: file.bytes,
    mode: file.isExecutable ? 0o755 : 0o644,
    mtime: new Date(0),
    uid: 0,
    gid: 0,
    type: 'file',
  })
  try {
    await pipeline(createReadStream(join(root, file.path)), entry)
  } catch (error) {
    throw refused(`${file.path} could not be packed (did it change meanwhile?)`, error)
  }
}

function refused(text: string, cause?: unknown): CloudlessError {
  return new CloudlessError('invalid', 'BUNDLE_REFUSED', `function bundle: ${text}`, { cause })
}
