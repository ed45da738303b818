// Job files and function files that leave their share to the profile, made explicit before anything is sent: what the control plane
// stores and plans with are numbers, and the profile that they are from is told.
import { join } from 'node:path'
import { invalid } from '#runtime/errors.ts'
import { readRemembered } from '#physical-plane/gpu-sharing/profiler/remembered.ts'
import type { Context } from '../context.ts'
import type { FunctionFile } from '../function-file.ts'
import type { JobFile } from '../job-file.ts'
import { profileFor, shareOf, usedText, type ShareAsked, type UsedProfile } from './share-from-profile.ts'
import { digestOf, sloOf } from './target.ts'

type Given = Pick<Context, 'home' | 'output'>

/** Where `cloudless profile` keeps what it and its process make. */
export function profilerFolder(home: string): string {
  return join(home, 'profiler')
}

export async function explicitJob(
  file: JobFile,
  given: Given,
): Promise<{ readonly file: JobFile; readonly profile: UsedProfile | null }> {
  const { spec, profiledShare } = file
  if (profiledShare === null) return { file, profile: null }
  const { memoryBytes } = profiledShare
  const deviceModels = spec.resources?.deviceModels ?? []
  const asked = { path: file.path, field: 'resources.gpu_share', name: spec.name ?? '', deviceModels, answers: null }
  const profile = await lookUp({ ...asked, digest: await digestOf(file.functionFolder), memoryBytes }, given)
  // Threads of a CPU are not shared: they stay what they are.
  const models = [...deviceModels.filter((model) => model === 'cpu'), profile.deviceModel]
  const resources = { ...spec.resources, deviceModels: models, gpuShare: shareOf(profile, memoryBytes) }
  return { file: { ...file, spec: { ...spec, resources }, profiledShare: null }, profile }
}

export async function explicitFunction(
  file: FunctionFile,
  given: Given,
): Promise<{ readonly file: FunctionFile; readonly profile: UsedProfile | null }> {
  const { spec, folder, path, profiledShare } = file
  if (profiledShare === null) return { file, profile: null }
  const { memoryBytes } = profiledShare
  const answers = { slo: sloOf(spec), batchMax: spec.batchMax ?? 1 }
  const deviceModels = spec.deviceModels ?? []
  const asked = { path, field: 'gpu_share', name: spec.name ?? '', deviceModels, answers }
  const profile = await lookUp({ ...asked, digest: await digestOf(folder), memoryBytes }, given)
  const gpuShare = shareOf(profile, memoryBytes)
  const explicit = { ...spec, deviceModels: [profile.deviceModel], gpuShare, batchMax: profile.batch }
  return { file: { ...file, spec: explicit, profiledShare: null }, profile }
}

/** What a command prints as JSON, with the profile where one was used. */
export function withProfile<T extends object>(
  value: T,
  profile: UsedProfile | null,
): T | (T & { profile: UsedProfile }) {
  return profile === null ? value : { ...value, profile }
}

async function lookUp(asked: ShareAsked, { home, output }: Given): Promise<UsedProfile> {
  const path = join(profilerFolder(home), 'profiles.json')
  const remembered = readRemembered(path)
  if (remembered.kind === 'damaged') {
    const description = `auto: ${path} is damaged, or of another version of Cloudless (${remembered.because}); measure again with \`cloudless profile ${asked.path}\``
    throw invalid([{ field: asked.field, description }], 'PROFILES_DAMAGED')
  }
  const profile = profileFor(asked, remembered.profiles)
  output.note(usedText(profile))
  return profile
}
