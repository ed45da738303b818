// Parts that the hardware has cut a GPU into (MIG): agents offer each as a device of its own, for example "nvidia-a100-mig-3g.20gb". No
// catalogue lists them: a slice costs, and answers, its part of the GPU's multiprocessors, and has the memory that its name says.

export type MigSlice = {
  /** The catalogue's name of the whole GPU. */
  readonly of: string
  /** Of its multiprocessors, 0 to 1. */
  readonly part: number
  readonly memoryBytes: number
}

/** Null for what is no slice. */
export function migSlice(deviceModel: string): MigSlice | null {
  const found = /^(?<of>.+)-mig-(?<slots>[1-7])g\.(?<gib>[1-9]\d{0,2})gb(-|$)/.exec(deviceModel)?.groups
  if (found === undefined) return null
  const of = found['of']!
  // An A30 has four, A100, H100 and those after them seven.
  const slots = of.endsWith('-a30') ? 4 : 7
  const part = Number(found['slots']) / slots
  return part > 1 ? null : { of, part, memoryBytes: Number(found['gib']) * 2 ** 30 }
}

/** It, or the GPU that it is cut from, is one of these. */
export function isKnownDevice(deviceModel: string, known: readonly string[]): boolean {
  return known.includes(deviceModel) || known.includes(migSlice(deviceModel)?.of ?? '')
}
