// From a job file to a spec the control plane takes: read, checked against the files at hand, function packed.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from '#runtime/assert.ts'
import type { JobSpec } from '#proto/generated/cloudless/v1/JobSpec.ts'
import { packBundle } from './bundle.ts'
import type { Context } from './context.ts'
import { checkShardFiles } from './file-uri.ts'
import type { JobFile } from './job-file.ts'
import { isLoopback } from './server-address.ts'
import type { Services } from './services.ts'
import { uploadBundle } from './upload-bundle.ts'

export async function prepareJob(context: Context, services: Services, file: JobFile): Promise<JobSpec> {
  // Elsewhere a region's files are not ours to see; the workers there check them before they train (DatasetMissing).
  if (isLoopback(services.address)) checkShardFiles(file.spec)
  return withDigest(file, await uploadBundle(services.jobs, file.functionFolder, context.output, context.signal))
}

/** To be planned only: the digest tells what earlier runs of the function have measured, and nothing is sent. */
export async function specToPlan(file: JobFile): Promise<JobSpec> {
  const scratch = await mkdtemp(join(tmpdir(), 'cloudless-bundle-'))
  try {
    const { digest } = await packBundle(file.functionFolder, join(scratch, 'bundle.tar.gz'))
    return withDigest(file, digest)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

function withDigest({ spec, profiledShare, path }: JobFile, bundleDigest: string): JobSpec {
  // Sent as it is, the job would take whole GPUs.
  assert(profiledShare === null, `${path} still leaves its share to the profile`)
  return { ...spec, function: { ...spec.function, bundleDigest } }
}
