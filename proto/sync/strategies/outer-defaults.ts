// The parameter server, which knows the inner optimiser, replaces null: rate 0.7 and momentum 0.9 with AdamW (DiLoCo,
// OpenDiLoCo), 1 and 0, which is plain averaging, with SGD and with codec sparse-loco.

export const outerDefaults = { outerLearningRate: null, outerMomentum: null } as const
