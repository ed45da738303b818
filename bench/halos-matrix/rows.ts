// What is compared on the matrix. Each row's learning rate, and its interval where it has one, is the best of those tried by
// seconds to the target with seed 1, among the same rates (0.0005, 0.001, 0.002) for all.
import type { GivenSync } from '#proto/sync/resolve-sync.ts'
import type { Place } from './simulate.ts'

export type Row = {
  readonly name: string
  readonly title: string
  readonly place: Place
  readonly sync: GivenSync & { readonly strategy: string }
  readonly learningRate: number
}

export const rows: readonly Row[] = [
  row('single', 'single region, its own data', { strategy: 'asgd' }, 0.001, 'alone'),
  row('ideal', 'ideal: all data and workers in one place', { strategy: 'asgd' }, 0.001, 'together'),
  row('asgd', 'ASGD', { strategy: 'asgd' }, 0.001),
  row('asgd-ga', 'ASGD-GA f=8', { strategy: 'asgd-ga', interval: 8 }, 0.001),
  row('asp', 'ASP (Gaia)', { strategy: 'asp' }, 0.001),
  row('model-averaging', 'model averaging', { strategy: 'model-averaging', interval: 256 }, 0.002),
  row('diloco', 'DiLoCo int8', { strategy: 'diloco', interval: 256 }, 0.002),
  row('streaming-diloco', 'streaming DiLoCo int8', { strategy: 'streaming-diloco', interval: 128 }, 0.002),
  row('hierarchical', 'hierarchical (HALoS-like)', { strategy: 'hierarchical', interval: 128 }, 0.002),
  row('auto', 'auto', { strategy: 'auto' }, 0.002),
]

function row(name: string, title: string, sync: Row['sync'], learningRate: number, place: Place = 'regions'): Row {
  return { name, title, place, sync, learningRate }
}
