// Local optimisers in float64, each with state of its own. The first ones are linear in the gradient; Adam and clipping
// are not, and averaging parameters is then not the same as averaging gradients.

type Parameters = { readonly length: number; [index: number]: number }
/** Moves the parameters. */
export type InnerStep = (parameters: Parameters, gradient: readonly number[]) => void
/** A step of a new optimiser, its state at zero. */
export type Inner = () => InnerStep

export type SgdOptions = {
  readonly rate: number
  readonly momentum?: number
  readonly isNesterov?: boolean
  readonly weightDecay?: number
}

export function sgd({ rate, momentum = 0, isNesterov = false, weightDecay = 0 }: SgdOptions): Inner {
  return () => {
    const velocity: number[] = []
    return (parameters, gradient) => {
      for (let i = 0; i < parameters.length; i++) {
        const slope = gradient[i]! + weightDecay * parameters[i]!
        const speed = momentum * (velocity[i] ?? 0) + slope
        velocity[i] = speed
        parameters[i]! -= rate * (isNesterov ? slope + momentum * speed : speed)
      }
    }
  }
}

export function adam(rate: number): Inner {
  return () => {
    const mean: number[] = []
    const variance: number[] = []
    let steps = 0
    return (parameters, gradient) => {
      steps += 1
      for (let i = 0; i < parameters.length; i++) {
        mean[i] = 0.9 * (mean[i] ?? 0) + 0.1 * gradient[i]!
        variance[i] = 0.999 * (variance[i] ?? 0) + 0.001 * gradient[i]! ** 2
        const spread = Math.sqrt(variance[i]! / (1 - 0.999 ** steps))
        parameters[i]! -= (rate * (mean[i]! / (1 - 0.9 ** steps))) / (spread + 1e-8)
      }
    }
  }
}

/** Gradient descent whose gradients are cut to a length of at most `norm`. */
export function clippedSgd(rate: number, norm: number): Inner {
  return () => (parameters, gradient) => {
    const length = Math.hypot(...gradient)
    const factor = length > norm ? norm / length : 1
    for (let i = 0; i < parameters.length; i++) parameters[i]! -= rate * factor * gradient[i]!
  }
}
