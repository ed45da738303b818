// `cloudless mig FILE… --rate NAME=PER_SECOND`: which MIG slices to cut GPUs into so that the fewest carry these functions. A plan on
// paper: nothing is cut, and nobody is asked.
import { Command } from 'commander'
import { planSlices, slicedGpusMax, type SlicedFunction, type SlicePlan } from '#physical-plane/serving/plan-slices.ts'
import { loadLayers } from '#regions/load-catalogue.ts'
import { invalid, type FieldViolation } from '#runtime/errors.ts'
import type { Context, Run } from '../context.ts'
import { exitCodes } from '../exit-codes.ts'
import { readFunctionFile } from '../function-file.ts'
import type { Style } from '../output.ts'
import { explicitFunction } from '../profile/explicit-share.ts'
import { renderTable } from '../table.ts'
import { formatTenths } from '../units.ts'
import { collect } from './catalog/show.ts'

type Options = { readonly rate: readonly string[]; readonly device: string; readonly gpus: string }

const help = `
Each function needs an objective (slo) and its profile in the file, measured on this device (\`cloudless profile\`). A slice is taken to
answer like as many of the multiprocessors; half of the objective is left for batches to fill.`

export function migCommand(run: Run): Command {
  return new Command('mig')
    .description('plan which MIG slices carry functions with the fewest GPUs; nothing is cut')
    .argument('<files...>', 'function files (YAML)')
    .option('--rate <name=per-second>', 'requests per second of a function; once for each', collect, [])
    .option('--device <model>', 'the GPUs', 'nvidia-a100')
    .option('--gpus <number>', 'so many GPUs at most', '16')
    .addHelpText('after', help)
    .action(
      run(async (context, files: readonly string[], options: Options) => {
        const gpu = await gpuOf(options.device)
        const functions = await functionsOf(context, files, options)
        const plan = planSlices(functions, gpu, gpusMax(options.gpus))
        context.output.result({ deviceModel: gpu.deviceModel, ...plan }, () => render(plan, context.output.style))
        return plan.kind === 'planned' ? exitCodes.ok : exitCodes.failed
      }),
    )
}

async function gpuOf(deviceModel: string): Promise<{ readonly deviceModel: string; readonly memoryBytes: number }> {
  const { deviceModels } = (await loadLayers([])).catalogue
  const memoryGib = deviceModels.find(({ name }) => name === deviceModel)?.memoryGib
  if (memoryGib !== undefined) return { deviceModel, memoryBytes: memoryGib * 2 ** 30 }
  const known = deviceModels.filter(({ memoryGib: gib }) => gib !== undefined).map(({ name }) => name)
  throw invalid([{ field: '--device', description: `"${deviceModel}" is none of ${known.join(', ')}` }], 'USAGE')
}

async function functionsOf(
  context: Context,
  files: readonly string[],
  { rate, device }: Options,
): Promise<readonly SlicedFunction[]> {
  const wrong: FieldViolation[] = []
  const rates = new Map(rate.map((text) => rateOf(text)))
  const read = await Promise.all(files.map(async (path) => explicitFunction(readFunctionFile(path), context)))
  const functions = read.map(({ file: { path, spec } }) => {
    const { name = '', slo, batchMax = 1, gpuShare, profile = [] } = spec
    const points = profile.flatMap((point) => {
      const { deviceModel = '', batch = 1, smMilli = 0, quotaMilli = 0, latencyMs = 0 } = point
      return deviceModel === device ? [{ deviceModel, batch, smMilli, quotaMilli, latencyMs: Number(latencyMs) }] : []
    })
    if (slo == null) wrong.push({ field: `${path}: slo`, description: 'is missing; a plan needs how late is too late' })
    if (points.length === 0)
      wrong.push({
        field: `${path}: profile`,
        description: `has no point of ${device}; measure it with cloudless profile`,
      })
    if (!rates.has(name))
      wrong.push({ field: '--rate', description: `is missing for ${name}; write for example --rate ${name}=50` })
    const memoryBytes = Number(gpuShare?.memoryBytes ?? 0)
    const sloMs = Number(slo?.latencyMs ?? 0)
    return { name, ratePerSecond: rates.get(name) ?? 0, sloMs, batchMax, memoryBytes, profile: points }
  })
  const names = functions.map(({ name }) => name)
  for (const name of rates.keys())
    if (!names.includes(name))
      wrong.push({ field: '--rate', description: `${name} is none of the functions ${names.join(', ')}` })
  if (new Set(names).size < names.length) wrong.push({ field: 'files', description: 'two have the same name' })
  if (wrong.length > 0) throw invalid(wrong, 'USAGE')
  return functions
}

function rateOf(text: string): readonly [string, number] {
  const [name = '', value = '', ...rest] = text.split('=')
  const ratePerSecond = Number(value)
  if (rest.length === 0 && name !== '' && value.trim() !== '' && ratePerSecond > 0 && ratePerSecond <= 1e6)
    return [name, ratePerSecond]
  const description = `"${text}" must be a function's name and requests per second, for example classify=50`
  throw invalid([{ field: '--rate', description }], 'USAGE')
}

function gpusMax(text: string): number {
  const most = Number(text)
  if (/^\d+$/.test(text) && most >= 1 && most <= slicedGpusMax) return most
  throw invalid([{ field: '--gpus', description: `"${text}" is no whole number from 1 to ${slicedGpusMax}` }], 'USAGE')
}

function render(plan: SlicePlan, style: Style): string {
  if (plan.kind === 'impossible') return `${style.red('no plan')}: ${plan.because}`
  const rows = plan.gpus.flatMap((slices, gpu) =>
    slices.map((slice) => [
      String(gpu),
      slice.profile,
      String(slice.firstSlot),
      slice.function,
      String(slice.batch),
      formatTenths(slice.ratePerSecond),
      formatTenths(slice.latencyMs),
    ]),
  )
  const right = { align: 'right' } as const
  const table = renderTable(
    [
      { head: 'gpu', ...right },
      { head: 'slice' },
      { head: 'slot', ...right },
      { head: 'function' },
      { head: 'batch', ...right },
      { head: 'requests/s', ...right },
      { head: 'ms', ...right },
    ],
    rows,
    style,
  )
  const cuts = plan.gpus.map((slices, gpu) => {
    const placed = slices.map(({ profile, firstSlot }) => `${profile}:${firstSlot}`)
    return `  nvidia-smi mig -i ${gpu} -cgi ${placed.join(',')} -C`
  })
  const count = `${plan.gpus.length} ${plan.gpus.length === 1 ? 'GPU' : 'GPUs'}${plan.isFewest ? '; fewer can not carry them' : ''}`
  return [table, count, 'To cut them, with MIG on and nothing running there:', ...cuts].join('\n')
}
