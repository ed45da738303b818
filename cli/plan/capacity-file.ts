// A capacity file (YAML): what there is to plan on where no control plane is asked. It says what units regions have free, what
// earlier runs of the function have measured, and links that are not as the catalogue has them.
import { z } from 'zod'
import type { ClassUnits } from '#proto/generated/cloudless/v1/ClassUnits.ts'
import type { JobSpec } from '#proto/generated/cloudless/v1/JobSpec.ts'
import type { PlanInput } from '#proto/generated/cloudless/v1/PlanInput.ts'
import { limits } from '../config.ts'
import { bytes, regionName } from '../job-file-schema.ts'
import { decodeYaml, readYamlText, type YamlKind } from '../yaml-file.ts'

const className = z
  .string()
  .regex(
    /^[a-z0-9-]+(@(spot|on-demand))?(\/[A-Za-z0-9-]*(\/[A-Za-z0-9.-]+)?)?$/,
    'is no device class; write "nvidia-t4", "nvidia-t4@spot" or "nvidia-t4@spot/us-east-1a/g4dn.xlarge"',
  )

const units = z.int('must be a whole number').min(0, 'must be at least 0').max(1_000_000)
const speed = z.number().positive('must be above 0')

const functionSchema = z.strictObject({
  model_size: bytes.optional(),
  samples_per_step: speed.optional(),
  samples_per_second: z.record(z.string().min(1), speed).default({}),
})

const linkSchema = z.strictObject({
  from: regionName,
  to: regionName,
  mbit_per_second: z.number().min(0, 'must be at least 0').default(0),
  round_trip_ms: z.number().min(0, 'must be at least 0'),
})

const capacitySchema = z
  .strictObject({
    at: z.iso
      .datetime({ offset: true, error: 'is not a time with its zone; write for example "2026-12-01T18:00:00Z"' })
      .transform((text) => Date.parse(text))
      .optional(),
    regions: z.record(regionName, z.record(className, units)),
    function: functionSchema.prefault({}),
    links: z.array(linkSchema).max(10_000).default([]),
  })
  .refine(({ function: given }) => (given.model_size === undefined) === (given.samples_per_step === undefined), {
    path: ['function'],
    message: 'has one of model_size and samples_per_step; give both (a step is one batch), or none',
  })

export type CapacityFile = z.infer<typeof capacitySchema>

const kind: YamlKind = {
  name: 'capacity file',
  reason: 'CAPACITY_FILE',
  bytesMax: limits.capacityFileBytesMax,
  knownKeysAt: (path) => {
    const place = path.filter((part) => typeof part === 'string').join('.')
    if (place === '') return Object.keys(capacitySchema.shape)
    if (place === 'function') return Object.keys(functionSchema.shape)
    return place === 'links' ? Object.keys(linkSchema.shape) : []
  },
}

export function readCapacityFile(path: string): CapacityFile {
  return decodeCapacityFile(readYamlText(path, kind), path)
}

export function decodeCapacityFile(text: string, path: string): CapacityFile {
  return decodeYaml(text, path, capacitySchema, kind).content
}

/** What a plan for the job is to be decided on. */
export function inputOn(capacity: CapacityFile, spec: JobSpec, nowMs: number): PlanInput {
  const { at, regions, function: known, links } = capacity
  const { model_size: updateBytes, samples_per_step: samplesPerStep } = known
  return {
    spec,
    decidedAtMs: at ?? nowMs,
    capacity: Object.entries(regions).map(([region, classes]) => ({
      region,
      connected: true,
      lastHeartbeatAtMs: at ?? nowMs,
      classes: Object.entries(classes).map(([name, count]) => unitsOf(name, count)),
    })),
    samplesPerSecond: known.samples_per_second,
    modelSize: updateBytes === undefined || samplesPerStep === undefined ? null : { updateBytes, samplesPerStep },
    measuredLinks: links.map(({ from, to, mbit_per_second: mbitPerSecond, round_trip_ms: roundTripMs }) => {
      return { fromRegion: from, toRegion: to, mbitPerSecond, roundTripMs }
    }),
  }
}

function unitsOf(name: string, count: number): ClassUnits {
  const [bought = '', zone = '', instanceType = ''] = name.split('/')
  const [deviceModel = '', market = 'on-demand'] = bought.split('@')
  return { deviceModel, market, zone, instanceType, unitsTotal: count, unitsFree: count }
}
