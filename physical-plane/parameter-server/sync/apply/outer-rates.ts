// Learning rate and momentum of the outer optimiser where the job leaves them open. Nesterov with 0.7 and 0.9 is
// DiLoCo's choice for AdamW inside. With plain SGD inside it is quick at first and then overshoots (measured in two regions
// on Fashion-MNIST: it ends lowest), so that plain averaging is the default there; rate 1 and momentum 0.5 ended highest.
// Sparse messages are taken in full (SparseLoCo): the residual is what stands in for the momentum.
import type { SyncSettings } from '#proto/sync/settings.ts'
import type { OptimiserKind } from '../../replica/optimiser-spec.ts'
import type { RoundRule } from './apply-result.ts'
import type { OuterStep } from './outer-kernels.ts'

export function outerRates(
  { outerLearningRate, outerMomentum }: Pick<SyncSettings, 'outerLearningRate' | 'outerMomentum'>,
  inner: OptimiserKind,
  rule: RoundRule,
): OuterStep {
  const [learningRate, momentum] = inner === 'adamw' && rule !== 'sparse-mean' ? [0.7, 0.9] : [1, 0]
  return { learningRate: outerLearningRate ?? learningRate, momentum: outerMomentum ?? momentum }
}
