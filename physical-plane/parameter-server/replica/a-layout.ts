// Builders of layouts for tests, here and in the folders beside.
import type { Layout, ParameterGroup, TensorSpec } from './layout.ts'
import type { OptimiserKind } from './optimiser-spec.ts'

export function aGroup(group: Partial<ParameterGroup> = {}): ParameterGroup {
  return {
    learningRate: 0.1,
    weightDecay: 0,
    momentum: 0,
    dampening: 0,
    nesterov: false,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    ...group,
  }
}

export function aTensor(tensor: Partial<TensorSpec> & { readonly shape: readonly number[] }): TensorSpec {
  const length = tensor.shape.reduce((product, size) => product * size, 1)
  return { name: 'weight', length, group: 0, isBuffer: false, dtype: 'float32', ...tensor }
}

export function aLayout(
  tensors: readonly TensorSpec[] = [aTensor({ shape: [4] })],
  groups: readonly ParameterGroup[] = [aGroup()],
  kind: OptimiserKind = 'sgd',
): Layout {
  return { tensors, optimiser: { kind, groups } }
}
