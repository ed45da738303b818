// Learning rate and momentum of the outer optimiser where the job leaves them open. Nesterov with 0.7 and 0.9 is
// DiLoCo's choice for AdamW inside; plain SGD inside wants plain averaging (measured: a momentum on top of it overshoots).
import type { SyncSettings } from '#proto/sync/settings.ts'
import type { OptimiserKind } from '../../replica/optimiser-spec.ts'
import type { OuterStep } from './outer-kernels.ts'

export function outerRates(
  { outerLearningRate, outerMomentum }: Pick<SyncSettings, 'outerLearningRate' | 'outerMomentum'>,
  inner: OptimiserKind,
): OuterStep {
  const [learningRate, momentum] = inner === 'adamw' ? [0.7, 0.9] : [1, 0]
  return { learningRate: outerLearningRate ?? learningRate, momentum: outerMomentum ?? momentum }
}
