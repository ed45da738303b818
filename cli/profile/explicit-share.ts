// Job files and function files that leave their share, or how long their batches take, to the profile, made explicit before anything is sent: what the control plane
// stores and plans with are numbers, and the profile that they are from is told.
import { join } from 'node:path'
import { invalid } from '#runtime/errors.ts'
import { readRemembered, type RememberedProfile } from '#physical-plane/gpu-sharing/profiler/remembered.ts'
import type { Context } from '../context.ts'
import type { FunctionFile } from '../function-file.ts'
import type { JobFile } from '../job-file.ts'
import { pointsFor, pointsText } from './points-from-profile.ts'
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
  const profile = lookUp({ ...asked, digest: await digestOf(file.functionFolder), memoryBytes }, given)
  // Threads of a CPU are not shared: they stay what they are.
  const models = [...deviceModels.filter((model) => model === 'cpu'), profile.deviceModel]
  const resources = { ...spec.resources, deviceModels: models, gpuShare: shareOf(profile, memoryBytes) }
  return { file: { ...file, spec: { ...spec, resources }, profiledShare: null }, profile }
}

export async function explicitFunction(
  file: FunctionFile,
  given: Given,
): Promise<{ readonly file: FunctionFile; readonly profile: UsedProfile | null }> {
  const shared = await withShare(file, given)
  return file.isProfileAuto ? { ...shared, file: await withPoints(shared.file, given) } : shared
}

async function withShare(file: FunctionFile, given: Given): ReturnType<typeof explicitFunction> {
  const { spec, folder, path, profiledShare } = file
  if (profiledShare === null) return { file, profile: null }
  const { memoryBytes } = profiledShare
  const answers = { slo: sloOf(spec), batchMax: spec.batchMax ?? 1 }
  const deviceModels = spec.deviceModels ?? []
  const asked = { path, field: 'gpu_share', name: spec.name ?? '', deviceModels, answers }
  const profile = lookUp({ ...asked, digest: await digestOf(folder), memoryBytes }, given)
  const gpuShare = shareOf(profile, memoryBytes)
  const explicit = { ...spec, deviceModels: [profile.deviceModel], gpuShare, batchMax: profile.batch }
  return { file: { ...file, spec: explicit, profiledShare: null }, profile }
}

async function withPoints(file: FunctionFile, given: Given): Promise<FunctionFile> {
  const { spec, folder, path } = file
  const { name = '', deviceModels = [] } = spec
  const asked = { path, name, digest: await digestOf(folder), deviceModels, slo: sloOf(spec) }
  const profile = pointsFor(asked, remembered(path, 'profile', given))
  given.output.note(pointsText(asked, profile))
  return { ...file, spec: { ...spec, profile: [...profile] }, isProfileAuto: false }
}

/** What a command prints as JSON, with the profile where one was used. */
export function withProfile<T extends object>(
  value: T,
  profile: UsedProfile | null,
): T | (T & { profile: UsedProfile }) {
  return profile === null ? value : { ...value, profile }
}

function lookUp(asked: ShareAsked, given: Given): UsedProfile {
  const profile = profileFor(asked, remembered(asked.path, asked.field, given))
  given.output.note(usedText(profile))
  return profile
}

/** `file` and `field`: who asks, for messages. */
function remembered(file: string, field: string, { home }: Given): readonly RememberedProfile[] {
  const path = join(profilerFolder(home), 'profiles.json')
  const found = readRemembered(path)
  if (found.kind === 'read') return found.profiles
  const description = `auto: ${path} is damaged, or of another version of Cloudless (${found.because}); measure again with \`cloudless profile ${file}\``
  throw invalid([{ field, description }], 'PROFILES_DAMAGED')
}
