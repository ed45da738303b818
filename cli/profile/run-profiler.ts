// Runs the profiler's process to its end and reads its events. It is a process of its own, so that a GPU's manager and hung
// programs are not this one's trouble.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { CloudlessError, type ErrorKind } from '#runtime/errors.ts'
import { runChild } from '../run-child.ts'
import type { Environment } from '../server-address.ts'

export type ProfilerConfig = Readonly<Record<string, unknown>>

const probeSchema = z.object({
  configuration: z.object({ smMilli: z.number(), quotaMilli: z.number(), batch: z.number(), processes: z.number() }),
  measurement: z.object({ latencyMs: z.number(), throughputPerSecond: z.number() }).nullable(),
})
const profileSchema = z.object({
  requestMilli: z.number(),
  limitMilli: z.number(),
  requestPerSecond: z.number(),
  limitPerSecond: z.number(),
  latencyMs: z.number().nullable(),
  batch: z.number(),
  instances: z.number(),
  probes: z.number(),
  atMs: z.number(),
  points: z
    .array(z.object({ batch: z.number(), smMilli: z.number(), quotaMilli: z.number(), latencyMs: z.number() }))
    .optional(),
})
const deviceSchema = z.object({
  model: z.string(),
  deviceId: z.string(),
  driverVersion: z.string(),
  isMps: z.boolean(),
})
const eventSchema = z.discriminatedUnion('kind', [
  deviceSchema.extend({ kind: z.literal('device') }),
  z.object({ kind: z.literal('probe'), probe: probeSchema, made: z.number(), atMost: z.number() }),
  z.object({ kind: z.literal('answer'), profile: profileSchema, isRemembered: z.boolean() }),
  z.object({ kind: z.literal('none'), because: z.string() }),
  z.object({
    kind: z.literal('error'),
    error: z.object({ kind: z.string(), reason: z.string(), message: z.string() }),
  }),
])

export type ProfilerEvent = z.infer<typeof eventSchema>
export type ShownProbe = z.infer<typeof probeSchema>
export type FoundProfile = z.infer<typeof profileSchema>

export type Profiled = {
  readonly device: z.infer<typeof deviceSchema>
  readonly probes: readonly ShownProbe[]
  /** Null where nothing does; `because` says why. */
  readonly profile: FoundProfile | null
  readonly because: string
  readonly isRemembered: boolean
}

export async function runProfiler(
  config: ProfilerConfig,
  given: {
    readonly environment: Environment
    readonly signal: AbortSignal
    readonly onEvent: (event: ProfilerEvent) => void
  },
): Promise<Profiled> {
  const scratch = await mkdtemp(join(tmpdir(), 'cloudless-profile-'))
  try {
    const file = join(scratch, 'config.json')
    await writeFile(file, JSON.stringify(config), { mode: 0o600 })
    const script = join(import.meta.dirname, '../../physical-plane/gpu-sharing/profiler/main.ts')
    const events: ProfilerEvent[] = []
    const { environment, signal } = given
    const onLine = (line: string): void => {
      const event = eventOf(line)
      if (event === null) return
      events.push(event)
      given.onEvent(event)
    }
    const child = await runChild(process.execPath, [script, '--config', file], { environment, signal, onLine })
    return resultOf(events, child.tail)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

function eventOf(line: string): ProfilerEvent | null {
  if (!line.startsWith('{')) return null
  try {
    return eventSchema.safeParse(JSON.parse(line)).data ?? null
  } catch {
    return null
  }
}

function resultOf(events: readonly ProfilerEvent[], tail: string): Profiled {
  const probes: ShownProbe[] = []
  let device: Profiled['device'] | null = null
  for (const event of events) {
    switch (event.kind) {
      case 'device':
        device = deviceSchema.parse(event)
        break
      case 'probe':
        probes.push(event.probe)
        break
      case 'error': {
        const { kind, reason, message } = event.error
        throw new CloudlessError(kind as ErrorKind, reason, message)
      }
      case 'answer':
        if (device === null) break
        return { device, probes, profile: event.profile, because: '', isRemembered: event.isRemembered }
      case 'none':
        if (device === null) break
        return { device, probes, profile: null, because: event.because, isRemembered: false }
    }
  }
  throw new CloudlessError('internal', 'PROFILER_ENDED', `the profiler ended without an answer: ${tail.slice(-2000)}`)
}
