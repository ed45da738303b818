// Files between agents and the control plane: function bundles down, final models up.
import type { FetchBundleRequest__Output } from '#proto/generated/cloudless/v1/FetchBundleRequest.ts'
import type { FetchBundleResponse } from '#proto/generated/cloudless/v1/FetchBundleResponse.ts'
import type { UploadModelRequest__Output } from '#proto/generated/cloudless/v1/UploadModelRequest.ts'
import type { UploadModelResponse } from '#proto/generated/cloudless/v1/UploadModelResponse.ts'
import { endStates } from '#control-plane/model/job.ts'
import { storeConfig } from '#control-plane/store/config.ts'
import { receiveBlob } from '#control-plane/store/receive-blob.ts'
import type { Store } from '#control-plane/store/store.ts'
import { Checks } from '#control-plane/wire/checks.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError, notFound } from '#runtime/errors.ts'
import { agentsConfig } from './config.ts'

export async function* fetchBundle(
  store: Store,
  { digest }: FetchBundleRequest__Output,
): AsyncGenerator<FetchBundleResponse, void> {
  const checks = new Checks()
  checks.digest('digest', digest)
  checks.done()
  const blob = await store.blob(digest)
  if (blob === null || blob.kind !== 'bundle') throw notFound('bundle', digest)
  let totalBytes = blob.bytes
  for await (const data of store.blobs.read(digest)) {
    yield { totalBytes, data: Buffer.from(data.buffer, data.byteOffset, data.byteLength) }
    totalBytes = 0
  }
}

export async function uploadModel(
  store: Store,
  clock: Clock,
  requests: AsyncIterable<UploadModelRequest__Output>,
): Promise<UploadModelResponse> {
  const { header, blob } = await receiveBlob(store, clock, requests, {
    kind: 'model',
    bytesMax: storeConfig.modelBytesMax,
    before: async ({ jobId }) => {
      const record = await store.job(jobId)
      if (record === null) throw notFound('job', jobId)
    },
  })
  for (let attempt = 0; attempt < agentsConfig.commitAttemptsMax; attempt++) {
    const { revision } = store.view()
    const record = await store.job(header.jobId)
    if (record === null) throw notFound('job', header.jobId)
    const { job } = record
    if (job.modelDigest === blob.digest) return { digest: blob.digest }
    if (endStates.has(job.state) && job.modelDigest !== null) {
      const text = `job ${job.id} has ended ${job.state} with model ${job.modelDigest}; ${blob.digest} comes too late`
      throw new CloudlessError('conflict', 'JOB_ENDED', text)
    }
    const outcome = await store.commit([{ kind: 'job', job: { ...job, modelDigest: blob.digest } }], revision)
    if (outcome.kind === 'committed') return { digest: blob.digest }
  }
  throw new CloudlessError('unavailable', 'BUSY', `job ${header.jobId} kept changing; upload the model again`)
}
