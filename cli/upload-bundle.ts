// Sends a job's function to the control plane: packed into a temporary archive, in chunks, known content only once.
import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { UploadBundleRequest } from '#proto/generated/cloudless/v1/UploadBundleRequest.ts'
import { packBundle } from './bundle.ts'
import { limits, waits } from './config.ts'
import type { Output } from './output.ts'
import type { JobClient } from './services.ts'
import { formatBytes } from './units.ts'

/** The bundle's digest. */
export async function uploadBundle(
  jobs: Pick<JobClient, 'uploadBundle'>,
  folder: string,
  output: Output,
  signal: AbortSignal,
): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'cloudless-bundle-'))
  try {
    const archive = join(scratch, 'bundle.tar.gz')
    const { digest, archiveBytes } = await packBundle(folder, archive)
    const progress = output.progress('uploading function', archiveBytes, formatBytes)
    try {
      const messages = chunks(archive, digest, archiveBytes, (sentBytes) => progress.update(sentBytes))
      await jobs.uploadBundle(messages, { signal, deadlineMs: waits.transferDeadlineMs })
    } finally {
      progress.stop()
    }
    return digest
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function* chunks(
  archive: string,
  digest: string,
  totalBytes: number,
  onSent: (sentBytes: number) => void,
): AsyncGenerator<UploadBundleRequest> {
  let sentBytes = 0
  for await (const chunk of createReadStream(archive, { highWaterMark: limits.uploadChunkBytes })) {
    const data = chunk as Buffer
    yield sentBytes === 0 ? { digest, totalBytes, data } : { data }
    sentBytes += data.length
    onSent(sentBytes)
  }
}
