// From a job file to a spec the control plane takes: read, checked against the files at hand, function uploaded.
import type { JobSpec } from '#proto/generated/cloudless/v1/JobSpec.ts'
import type { Context } from './context.ts'
import { checkShardFiles } from './file-uri.ts'
import type { JobFile } from './job-file.ts'
import { isLoopback } from './server-address.ts'
import type { Services } from './services.ts'
import { uploadBundle } from './upload-bundle.ts'

export async function prepareJob(context: Context, services: Services, file: JobFile): Promise<JobSpec> {
  // Elsewhere a region's files are not ours to see; the workers there check them before they train (DatasetMissing).
  if (isLoopback(services.address)) checkShardFiles(file.spec)
  const bundleDigest = await uploadBundle(services.jobs, file.functionFolder, context.output, context.signal)
  return { ...file.spec, function: { ...file.spec.function, bundleDigest } }
}
