// Builders of what planning takes in.
import { links } from '#proto/sync/links.fixture.ts'
import type { SyncSettings } from '#proto/sync/settings.ts'
import type { AdaptiveInput } from './adaptive-interval.ts'

export function someSettings(settings: Partial<SyncSettings> = {}): SyncSettings {
  return {
    strategy: 'auto',
    interval: 0,
    intervalMin: 1,
    intervalMax: 1000,
    mode: '',
    codec: 'int8',
    density: 0.01,
    feedbackDecay: 1,
    fragments: 1,
    merge: 'rebase',
    mergeWeight: 0,
    outerLearningRate: null,
    outerMomentum: null,
    outerDelay: 1,
    quorum: 0,
    graceMinMs: 100,
    graceMaxMs: 10_000,
    late: 'carry',
    delayCompensation: 0,
    stalenessExponent: 0,
    stalenessMax: 0,
    pacing: 'proportional',
    utilisation: 0.95,
    significance: 0,
    ...settings,
  }
}

/** ResNet-18 at CIFAR size on two like regions: 0.15 s per step, 100 Mbit/s, 30 ms. */
export function anInput(input: Partial<AdaptiveInput> = {}): AdaptiveInput {
  const regions = input.regions ?? ['a', 'b']
  return {
    regions,
    hub: regions[0]!,
    elements: 11_173_962,
    stepsPerSecond: Object.fromEntries(regions.map((region) => [region, 1 / 0.15])),
    links: links(regions, 100, 30),
    ...input,
  }
}
