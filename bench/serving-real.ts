// A real PyTorch model on the CPU under a trace, with autoscaling on real processes against one fixed instance: control plane, agent,
// gateway and instances as `cloudless up` runs them, on two cores. The trace is measured in what one instance can answer on this machine,
// now: it climbs from a fifth of that to one and a half times it, as a morning does, stays there and falls. A request counts as a violation
// when it is late, refused, failed or never sent; latencies run from when it was due.
import { mkdtempSync, rmSync } from 'node:fs'
import { homedir, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCluster } from '#cli/local-cluster/cluster.ts'
import { openPool } from '#cli/invoke/ask.ts'
import { findTarget } from '#cli/invoke/endpoint.ts'
import { arrivals } from '#cli/load/arrivals.ts'
import { httpSender } from '#cli/load/http-sender.ts'
import { loadReport, type LoadReport } from '#cli/load/report.ts'
import { runLoad } from '#cli/load/run-load.ts'
import { openOutput } from '#cli/output.ts'
import { findPython } from '#cli/python-environment.ts'
import { openServices, type Services } from '#cli/services.ts'
import { uploadBundle } from '#cli/upload-bundle.ts'
import { assert, present } from '#runtime/assert.ts'
import { seededRandom } from '#runtime/random.ts'
import type { BenchOptions, BenchResult } from './bench.ts'

const name = 'images'
const regions = ['onprem/lab']
const body = JSON.stringify({
  inputs: [
    { name: 'image', shape: [1, 3, 8, 8], datatype: 'FP32', data: Array.from({ length: 192 }, (_, i) => i / 192) },
  ],
})
/** Of what one instance can answer, second by second. */
const least = 0.2
const most = 1.5
const climbSeconds = 50
const highSeconds = 40
const fallSeconds = 5
const seed = 1
/** Many times what one request takes, so that what is missed is missed for want of instances. */
const objectiveOfService = 30

export async function run({ clock, note }: BenchOptions): Promise<BenchResult> {
  const environment = process.env
  const home = environment['CLOUDLESS_HOME'] ?? join(homedir(), '.cloudless')
  const { signal } = new AbortController()
  const { python } = await findPython({ environment, home, withTests: false, clock, signal, note })
  const folder = mkdtempSync(join(tmpdir(), 'cloudless-bench-'))
  try {
    const cluster = await startCluster({
      folder,
      regions,
      cpuUnits: 2,
      linkScale: 1,
      python,
      environment,
      clock,
      signal,
      note,
    })
    try {
      using services = openServices(cluster.address, clock)
      return await compare({ services, clock, note, signal })
    } finally {
      await cluster.stop()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

type Setting = Pick<BenchOptions, 'clock' | 'note'> & { readonly services: Services; readonly signal: AbortSignal }

async function compare(setting: Setting): Promise<BenchResult> {
  const { note, services, signal, clock } = setting
  const stderr = { write: (data: string | Uint8Array): void => note(String(data).trimEnd()) }
  const output = openOutput({ stdout: stderr, stderr, clock, isJson: false, isQuiet: true, colours: false })
  const bundleDigest = await uploadBundle(services.jobs, join(import.meta.dirname, 'serving-real'), output, signal)
  const base = { name, bundleDigest, handler: 'model:Images', batchMax: 1, regions, deviceModels: ['cpu'] }
  await deploy(setting, { ...base, instancesMin: 1, instancesMax: 1, autoscaler: 'fixed', slo: { latencyMs: 10_000 } })
  const serviceMs = await measureService(setting)
  const sloMs = Math.ceil(serviceMs * objectiveOfService)
  const rates = trace(1000 / serviceMs)
  note(
    `one request takes ${serviceMs.toFixed(1)} ms; objective ${sloMs} ms, at most ${Math.max(...rates).toFixed(0)} a second`,
  )
  const own = { ...base, slo: { latencyMs: sloMs, percentile: 99 }, timeoutMs: 4 * sloMs, instancesMin: 1 }
  await deploy(setting, { ...own, instancesMax: 1, autoscaler: 'fixed' })
  const fixed = await underTrace(setting, rates)
  note(`fixed: ${(100 * missed(fixed)).toFixed(2)} % missed`)
  const profile = [{ deviceModel: 'cpu', batch: 1, smMilli: 1000, quotaMilli: 1000, latencyMs: serviceMs }]
  await deploy(setting, { ...own, instancesMax: 2, autoscaler: 'hybrid', profile })
  const scaled = await underTrace(setting, rates)
  note(`scaled: ${(100 * missed(scaled)).toFixed(2)} % missed`)
  await services.functions.deleteFunction({ name })
  return {
    violations: missed(scaled),
    violations_fixed: missed(fixed),
    p99_ms: scaled.latencyMs.p99,
    p99_ms_fixed: fixed.latencyMs.p99,
    slo_ms: sloMs,
    service_ms: serviceMs,
    requests: scaled.due,
    refused: scaled.refused,
    refused_fixed: fixed.refused,
    load_average: Number(loadavg()[0]!.toFixed(1)),
    send_delay_p99_ms: scaled.sendDelayMs.p99,
  }
}

function missed({ slo }: LoadReport): number {
  return slo?.missedShare ?? Number.NaN
}

function trace(perSecond: number): readonly number[] {
  const climb = Array.from({ length: climbSeconds }, (_, i) => least + ((most - least) * i) / climbSeconds)
  const high = Array.from({ length: highSeconds }, () => most)
  const fall = Array.from({ length: fallSeconds }, () => least)
  return [...climb, ...high, ...fall].map((share) => share * perSecond)
}

async function deploy({ services, clock }: Setting, spec: object): Promise<void> {
  await services.functions.deployFunction({ spec })
  const endsAtMs = clock.monotonicMs() + 120_000
  for (;;) {
    const found = present((await services.functions.getFunction({ name })).function, 'function')
    const { state, reason, endpoints } = found
    if (state === 'FUNCTION_STATE_READY' && endpoints.length > 0) break
    assert(state !== 'FUNCTION_STATE_FAILED', `the function failed: ${reason}`)
    assert(clock.monotonicMs() < endsAtMs, `the function is not ready: ${reason}`)
    await clock.sleep(200)
  }
  // Until the gateway and the scaler have taken in what was deployed.
  await clock.sleep(3_000)
}

/** Through the gateway, one after the other: the median of a few seconds. */
async function measureService({ services, clock, signal }: Setting): Promise<number> {
  const target = await findTarget(services, 'function', name, undefined, signal)
  const pool = openPool(target.address, 1)
  const send = httpSender(pool, { name, body, timeoutMs: 10_000 })
  const times: number[] = []
  try {
    const endsAtMs = clock.monotonicMs() + 5_000
    while (clock.monotonicMs() < endsAtMs) {
      const beganMs = clock.monotonicMs()
      const outcome = await send(signal)
      assert('status' in outcome && outcome.status === 200, `a request was not answered: ${JSON.stringify(outcome)}`)
      times.push(clock.monotonicMs() - beganMs)
    }
  } finally {
    await pool.destroy()
  }
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!
}

async function underTrace({ services, clock, signal, note }: Setting, rates: readonly number[]): Promise<LoadReport> {
  const target = await findTarget(services, 'function', name, undefined, signal)
  const pool = openPool(target.address, 256)
  try {
    const result = await runLoad({
      clock,
      arrivals: arrivals({ rates, isPoisson: true }, rates.length * 1000, seededRandom(seed)),
      send: httpSender(pool, { name, body, timeoutMs: target.timeoutMs }),
      inFlightMax: 1024,
      sloMs: target.sloMs,
      signal,
      progressEveryMs: 10_000,
      onProgress: ({ due, answered, refused, failed, late }) =>
        note(`${due} due, ${answered} answered (${late} late), ${refused} refused, ${failed} failed`),
    })
    return loadReport(target, result)
  } finally {
    await pool.destroy()
  }
}
