// Sends a final model, one file, to the control plane: the digest first, then the bytes in chunks.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { CloudlessError } from '#runtime/errors.ts'
import type { FleetServiceHandlers } from '#proto/generated/cloudless/v1/FleetService.ts'
import type { UploadModelRequest } from '#proto/generated/cloudless/v1/UploadModelRequest.ts'
import type { RpcClient } from '#proto/rpc/service.ts'
import type { UploadModel } from './model-uploads.ts'

const chunkBytes = 512 * 1024
const uploadTimeoutMs = 3_600_000

export function uploadModelFile(fleet: Pick<RpcClient<FleetServiceHandlers>, 'uploadModel'>): UploadModel {
  return async (jobId, path, signal) => {
    const { size: totalBytes } = await stat(path)
    const hash = createHash('sha256')
    await pipeline(createReadStream(path), hash, { signal })
    const digest = hash.digest('hex')
    const answer = await fleet.uploadModel(chunks(jobId, path, digest, totalBytes), {
      signal,
      deadlineMs: uploadTimeoutMs,
    })
    if (answer.digest !== digest)
      throw new CloudlessError('internal', 'MODEL_DIGEST', `model ${digest} arrived as ${answer.digest}`)
    return digest
  }
}

async function* chunks(
  jobId: string,
  path: string,
  digest: string,
  totalBytes: number,
): AsyncGenerator<UploadModelRequest> {
  yield { jobId, digest, totalBytes }
  for await (const data of createReadStream(path, { highWaterMark: chunkBytes })) yield { data: data as Buffer }
}
