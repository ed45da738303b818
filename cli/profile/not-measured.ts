// What is told where no remembered profile fits: what was measured instead, and the command that measures what is asked for.

export type Missing = {
  /** Of the file. */
  readonly path: string
  /** GPUs that it allows; empty: any. */
  readonly models: readonly string[]
  /** Of the same function, in the order in which it was measured: on what, and why that says nothing. */
  readonly judged: readonly { readonly deviceModel: string; readonly fault: string | null }[]
  /** Of the command beside the file, for example " --anew". */
  readonly flags: string
}

export function notMeasured({ path, models, judged, flags }: Missing): {
  readonly where: string
  readonly others: string
  readonly command: string
} {
  const told = judged.map(({ deviceModel, fault }) => `on ${deviceModel} ${fault}`)
  const device = models.length === 1 ? ` --device ${models[0]}` : ''
  const machine = models.length === 0 ? 'with the GPU that it is to run on' : 'that has one'
  return {
    where: models.length === 0 ? 'any GPU' : models.join(' or '),
    others: told.length === 0 ? '' : `; it was measured ${[...new Set(told)].slice(-3).join('; ')}`,
    command: `run \`cloudless profile ${path}${device}${flags}\` on a machine ${machine}`,
  }
}
