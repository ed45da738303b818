// The shape of a scenario file. Strict: a key that nobody reads is a misunderstanding, so it is refused.
import { z } from 'zod'
import { defaultPolicy, policyNames } from '#proto/policies.ts'
import { markets } from '#regions/catalogue.ts'
import { defaultLimitMilli, type GpuShare } from '#control-plane/model/gpu-share.ts'
import { simulationConfig as config } from './config.ts'

const secondsPer = { s: 1, m: 60, h: 3600, d: 86_400 } as const
const durationText = 'is not a duration; write a number with its unit, for example "90s", "30m", "12h" or "7d"'

/** Seconds. A bare number would leave the unit to guessing. */
const duration = z
  .string(durationText)
  .regex(/^\d{1,9}(\.\d{1,3})?(s|m|h|d)$/, durationText)
  .transform((text) => Number(text.slice(0, -1)) * secondsPer[text.slice(-1) as keyof typeof secondsPer])
  .pipe(z.number().max(config.daysMax * 86_400, `must be at most ${config.daysMax}d`))

const someTime = duration.pipe(z.number().positive('must be above 0s'))

const bytesPer = { kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 } as const
const sizeText = 'is not a size; write bytes, or for example "100kB" or "2GB"'
const bytes = z
  .union([z.int(sizeText), z.string(sizeText).regex(/^\d{1,9}(\.\d{1,6})?(kB|MB|GB|TB)$/, sizeText)], sizeText)
  .transform((value) =>
    typeof value === 'number'
      ? value
      : Math.round(Number(value.slice(0, -2)) * bytesPer[value.slice(-2) as keyof typeof bytesPer]),
  )
  .pipe(z.int('must be whole bytes').min(0, 'must not be negative'))

/** Regions of the catalogue: a name, or a pattern that ends in "*". */
const regionPattern = z
  .string()
  .regex(
    /^([a-z0-9-]+\/[a-z0-9-]+|[a-z0-9-]*\/?[a-z0-9-]*\*)$/,
    'is not a region; write "aws/eu-west-1", "aws/eu-*" or "*"',
  )

const regionPatterns = z.array(regionPattern).min(1, 'names no region').max(1000)
const positive = z.number().positive('must be above 0')
const whole = z.int('must be a whole number')

/** One value, or [least, greatest] of which each job or region gets its own. */
function rangeOf(value: z.ZodNumber): z.ZodType<readonly [number, number], number | readonly [number, number]> {
  return z
    .union([value, z.tuple([value, value])], 'must be a number, or [least, greatest]')
    .transform((given): readonly [number, number] => (typeof given === 'number' ? [given, given] : given))
    .refine(([least, greatest]) => least <= greatest, 'has its least value above its greatest')
}

const availabilitySchema = z.strictObject({
  /** Run-length JSON: {"gap_seconds": 195, "rle": [[1, 20], [0, 3]]}. All units are there, or none. */
  trace: z.string().min(1, 'is empty').optional(),
  /** Times that a unit is taken away in an hour; the catalogue's figure where it is not given. */
  losses_per_hour: z.number().min(0, 'must not be negative').optional(),
  /** How long it stays away, on average. */
  away: someTime.default(1800),
  /** How long before that its cloud says so. */
  notice: duration.default(120),
})

const capacitySchema = z
  .strictObject({
    regions: regionPatterns,
    device: z.string().min(1, 'is empty'),
    market: z.enum(markets).default('on-demand'),
    zone: z.string().max(63).default(''),
    instance_type: z.string().max(63).default(''),
    /** Of each region. */
    units: rangeOf(whole.min(0, 'must not be negative').max(100_000, 'must be at most 100000')).optional(),
    /** Of all these regions together, shared out by chance. */
    total_units: whole.min(1, 'must be at least 1').max(10_000_000).optional(),
    availability: availabilitySchema.optional(),
    /** They take jobs that ask for a share of one, several at once; memory is of each. */
    shared: z.strictObject({ memory_gib: positive.default(16) }).optional(),
  })
  .refine(({ units, total_units }) => (units === undefined) !== (total_units === undefined), {
    path: ['units'],
    message: 'is needed, or total_units, and not both',
  })
  .refine(({ market, availability }) => market === 'spot' || availability === undefined, {
    path: ['availability'],
    message: 'is of spot capacity; write market: spot',
  })
  .refine(({ market, shared, device }) => shared === undefined || (market === 'on-demand' && device !== 'cpu'), {
    path: ['shared'],
    message: 'is of GPUs on demand; leave it out',
  })

const modelBytes = bytes.pipe(z.number().min(4, 'must be at least 4 bytes')).default(100e6)

const arrivalsSchema = z.discriminatedUnion('kind', [
  /** So many on average over the length of the scenario, at random times. */
  z.strictObject({ kind: z.literal('poisson'), jobs: whole.min(1, 'must be at least 1').max(config.jobsMax) }),
  z.strictObject({ kind: z.literal('at-once'), jobs: whole.min(1, 'must be at least 1').max(config.jobsMax) }),
  z.strictObject({
    kind: z.literal('trace'),
    file: z.string().min(1, 'is empty'),
    columns: z
      .strictObject({
        time: z.string().default('time'),
        gpus: z.string().default('gpus'),
        duration: z.string().default('duration'),
        /** A point in time instead of a duration. */
        end: z.string().optional(),
      })
      .prefault({}),
    /** 0.5 lets them come twice as fast. */
    stretch: positive.default(1),
    jobs: whole.min(1, 'must be at least 1').max(config.jobsMax).default(config.jobsMax),
  }),
  /** Job files as `cloudless submit` takes them. */
  z.strictObject({
    kind: z.literal('files'),
    files: z
      .array(
        z.strictObject({
          file: z.string().min(1, 'is empty'),
          at: duration.prefault('0s'),
          /** So many of them, one after another. */
          jobs: whole.min(1, 'must be at least 1').max(config.jobsMax).default(1),
          every: duration.prefault('0s'),
          model: modelBytes,
          batch: whole.min(1, 'must be at least 1').default(64),
        }),
      )
      .min(1, 'names no job file')
      .max(1000),
  }),
])

const objectiveSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('least-cost'), slack: z.number().min(0, 'must not be negative').default(0.05) }),
  z.strictObject({ kind: z.literal('least-time') }),
  /** So many times as long as the job would take on all the units that it may have. */
  z.strictObject({ kind: z.literal('deadline'), within: rangeOf(z.number().min(1, 'must be at least 1')) }),
])

const part = z.number().min(0.001, 'must be from 0.001 to 1').max(1, 'must be from 0.001 to 1')
const shareSchema = z
  .strictObject({ request: part, limit: part.optional(), memory_gib: positive.optional() })
  .transform(({ request, limit, memory_gib: memoryGib = 0 }): GpuShare => {
    const requestMilli = Math.round(1000 * request)
    const limitMilli = limit === undefined ? defaultLimitMilli(requestMilli) : Math.round(1000 * limit)
    return { requestMilli, limitMilli, memoryBytes: Math.round(memoryGib * 2 ** 30) }
  })
  .refine(({ requestMilli, limitMilli }) => limitMilli >= requestMilli, {
    path: ['limit'],
    message: 'must be at least request',
  })

const jobSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$/, 'must be lower-case letters, digits and "-", at most 42 characters'),
  weight: positive.default(1),
  /** Of one unit by device model; others are estimated by the catalogue's relative speeds. */
  samples_per_second: z
    .record(z.string().min(1), positive)
    .refine((speeds) => Object.keys(speeds).length > 0, 'is empty'),
  model: modelBytes,
  batch: whole.min(1, 'must be at least 1').default(64),
  /** Hours that one unit of the first device of samples_per_second would take. A trace brings its own. */
  device_hours: rangeOf(positive).prefault([1, 24]),
  /** In how many regions its data lies, and which may have some. */
  data_regions: rangeOf(whole.min(1, 'must be at least 1').max(1000)).prefault(1),
  regions: regionPatterns.default(['*']),
  bytes_per_sample: bytes.default(0),
  may_move_to: z.array(regionPattern).max(100).default([]),
  devices: z.array(z.string().min(1, 'is empty')).max(100).default([]),
  markets: z.array(z.enum(markets)).min(1, 'names none').max(2).default(['on-demand']),
  /** Of one GPU for each worker, in parts: as in job files. Speeds are of such shares then. */
  gpu_share: shareSchema.optional(),
  workers_max_per_region: whole.min(1, 'must be at least 1').max(10_000).default(16),
  sync: z
    .strictObject({ strategy: z.string().default('auto'), interval: whole.min(1, 'must be at least 1').optional() })
    .prefault({}),
  objective: objectiveSchema.prefault({ kind: 'least-cost' }),
  budget_usd: positive.optional(),
  owner: z.string().max(200).default(''),
})

const agentsSchema = z.strictObject({
  /** From the order to a running function: the median, and how much longer one in six takes, as a factor. */
  start: someTime.default(60),
  start_spread: z.number().min(1, 'must be at least 1').default(1.3),
  report: someTime.default(600),
  meter: someTime.default(3600),
  /** What a worker has to do again when it is taken away or dies. */
  redo: duration.default(30),
  crashes_per_hour: z.number().min(0, 'must not be negative').default(0),
  outages_per_week: z.number().min(0, 'must not be negative').default(0),
  outage: someTime.default(1200),
  /** How far true speeds are from what jobs declare: 0.1 is about 10 %. */
  speed_spread: z.number().min(0, 'must not be negative').max(2, 'must be at most 2').default(0),
})

const controlSchema = z.strictObject({
  /** Changes within this time are decided on together. */
  step: someTime.default(10),
  tick: someTime.default(60),
  /** How often running jobs are looked at. */
  replan: someTime.default(60),
})

const wholeSchema = z.strictObject({
  name: z.string().min(1, 'is empty').max(100),
  seed: whole.min(0, 'must not be negative').default(1),
  start: z.iso
    .datetime({ offset: true, error: 'is not a time with its zone; write for example "2026-12-01T00:00:00Z"' })
    .transform((text) => Date.parse(text))
    .default(Date.UTC(2026, 10, 1)),
  /** Jobs arrive for so long. */
  length: someTime.default(7 * 86_400),
  /** After that nothing new arrives, and those that are there may end. */
  settle: duration.default(30 * 86_400),
  catalogue: z.string().min(1, 'is empty').optional(),
  regions: regionPatterns.default(['*']),
  policies: z.array(z.enum(policyNames)).min(1, 'names none').max(config.policiesMax).default([defaultPolicy]),
  links: z
    .array(
      z.strictObject({
        from: regionPattern,
        to: regionPattern,
        mbit_per_second: positive.optional(),
        round_trip_ms: z.number().min(0, 'must not be negative').optional(),
      }),
    )
    .max(10_000)
    .default([]),
  capacity: z.array(capacitySchema).min(1, 'names no device').max(10_000),
  arrivals: arrivalsSchema,
  jobs: z.array(jobSchema).max(1000).default([]),
  agents: agentsSchema.prefault({}),
  control: controlSchema.prefault({}),
})

export const scenarioSchema = wholeSchema.refine(({ jobs, arrivals }) => jobs.length > 0 || arrivals.kind === 'files', {
  path: ['jobs'],
  message: 'names no kind of job; arrivals of job files alone need none',
})

export type Scenario = z.output<typeof scenarioSchema>
export type JobTemplate = Scenario['jobs'][number]
export type CapacityRow = Scenario['capacity'][number]
export type AgentTimes = Scenario['agents']
