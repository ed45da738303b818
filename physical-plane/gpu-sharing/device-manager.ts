// The manager of one GPU: reads the shared file at every tick, lets decide.ts say what each process may do, and writes it.
// Thin: no policy here. Slots of dead processes are given back; a heartbeat tells interposers that somebody manages. An SLO
// never hangs on its ticks: what protects it lies in the interposer, and a tick that comes late only tunes late.
import type { Clock, Timer } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import { isSpatial } from './area.ts'
import type { SharingConfig } from './config.ts'
import { decideByTokens } from './decide-tokens.ts'
import { decide } from './decide.ts'
import { emptyMemory, forgetInstance, type DeviceMemory, type ProcessProgress } from './device-state.ts'
import type { LatencySample, SharedDevice, SharedInstance } from './gpu-sharing.ts'
import { claimAt, decodeClaim, decodeSlot, slotAt, type Order, type SlotReading } from './layout.ts'
import { progress } from './readings.ts'
import { inSafeOrder } from './safe-order.ts'
import { SharedFile } from './shared-file.ts'
import { checkShare } from './shares.ts'
import { slotsToCheck } from './slots-to-check.ts'
import type { ProcessTable } from './system-processes.ts'
import { tellUse } from './tell-use.ts'
import type { InstanceUse } from './use.ts'
import { whoComesFirst } from './who-comes-first.ts'

export type ManagerDeps = {
  readonly clock: Clock
  /** CLOCK_MONOTONIC, as in the file. */
  readonly monotonicNs: () => number
  readonly processes: ProcessTable
  readonly log: Log
  readonly config: SharingConfig
  /** Reflexes where nobody says, and tokens all the same where a share has a part of the multiprocessors. */
  readonly timeSharing?: TimeSharing
}

export type TimeSharing = 'tokens' | 'reflexes'

/** What is remembered of a taken slot. */
type Tenant = {
  readonly pid: number
  readonly startTicks: number
  readonly claimId: string
  readonly tag: bigint
  /** False when its tag is not the one that its environment gave it, or nobody's. */
  readonly instanceId: string | null
  reading: SlotReading | null
  told: Order | null
  /** How often it has been told of. */
  complaints: number
}

export class DeviceManager {
  readonly device: SharedDevice
  /** Memory that is in nobody's share: copies of weights that instances use together. */
  besideBytes = 0
  readonly path: string
  readonly #deps: ManagerDeps
  #file: SharedFile
  readonly #tenants = new Map<number, Tenant>()
  readonly #instances = new Map<bigint, SharedInstance>()
  readonly #latencies = new Map<string, { sample: LatencySample; sinceNs: number }>()
  #memory: DeviceMemory = emptyMemory
  #timer: Timer | null = null
  #lastTickNs: number
  #activeAtNs = 0
  #ticks = 0
  #nextCheck = 0
  #told = 0
  #isClosed = false

  constructor(device: SharedDevice, path: string, deps: ManagerDeps) {
    this.device = device
    this.path = path
    this.#deps = deps
    const nowNs = deps.monotonicNs()
    this.#file = SharedFile.open(path, device.deviceId, nowNs, deps.config.failOpenMs)
    this.#lastTickNs = nowNs
    this.tick()
    this.#plan()
  }

  /** Throws where the device would be oversold. Again for the same tag: the newer word holds. */
  register(instance: SharedInstance): void {
    const others = [...this.#instances.values()].filter(({ tag }) => tag !== instance.tag)
    const known = this.#instances.get(instance.tag)?.share.memoryBytes ?? 0
    // Whoever is there has its memory, whatever has come beside it.
    const besideBytes = instance.share.memoryBytes <= known ? 0 : this.besideBytes
    checkShare({ ...this.device, besideBytes }, others, instance, this.#deps.config.shares)
    this.#instances.set(instance.tag, instance)
    // Processes that came before their instance are looked at again.
    for (const [slot, tenant] of this.#tenants) if (tenant.instanceId === null) this.#tenants.delete(slot)
  }

  unregister(tag: bigint): void {
    const instance = this.#instances.get(tag)
    if (instance === undefined) return
    this.#instances.delete(tag)
    this.#latencies.delete(instance.instanceId)
    this.#memory = forgetInstance(this.#memory, instance.instanceId)
    for (const [slot, tenant] of this.#tenants) if (tenant.tag === tag) this.#tenants.delete(slot)
  }

  uses(): readonly InstanceUse[] {
    const nowNs = this.#deps.monotonicNs()
    return [...this.#instances.values()].map((instance) => {
      const latency = this.#latencies.get(instance.instanceId)?.sample ?? null
      const windowMs = this.#deps.config.useWindowMs
      return tellUse(instance, this.#memory.instances.get(instance.instanceId), latency, nowNs, windowMs)
    })
  }

  close(options: { readonly removesFile: boolean }): void {
    this.#isClosed = true
    this.#timer?.cancel()
    try {
      this.#file.close({ givesUp: true, removes: options.removesFile })
    } catch (error) {
      this.#deps.log.warn({ device: this.device.deviceId, error: messageOf(error) }, 'shared file not closed')
    }
  }

  tick(): void {
    const { config, monotonicNs } = this.#deps
    const nowNs = monotonicNs()
    const elapsedNs = Math.max(0, nowNs - this.#lastTickNs)
    this.#lastTickNs = nowNs
    this.#ticks++
    const found = this.#file.read()
    if (found === null) return this.#makeAnew('it was cut short')
    if (this.#ticks % 200 === 0 && !this.#file.isInPlace()) return this.#makeAnew('it was removed or replaced')
    this.#file.writeHeartbeat({
      heartbeatNs: nowNs,
      ticks: this.#ticks,
      periodUs: config.tickMs * 1000,
      failOpenMs: config.failOpenMs,
    })
    const processes = this.#look(found.bytes, found.slots, nowNs, elapsedNs)
    const instances = [...this.#instances.values()]
    const snapshot = { nowNs, elapsedNs, processes, latencies: this.#ask(nowNs) }
    const decision = this.#usesTokens()
      ? decideByTokens(this.#memory, { ...snapshot, instances }, config)
      : decide(this.#memory, { ...snapshot, instances: whoComesFirst(instances) }, config)
    this.#memory = decision.memory
    const told = (slot: number): Order | null => this.#tenants.get(slot)?.told ?? null
    for (const [slot, order] of inSafeOrder(told, decision.orders, nowNs)) this.#write(slot, order)
    this.#reclaim(nowNs)
  }

  /** Parts of the multiprocessors are kept apart by tokens alone; elsewhere the reflexes of the interposers do better. */
  #usesTokens(): boolean {
    if (this.#deps.timeSharing === 'tokens') return true
    return [...this.#instances.values()].some(({ share }) => isSpatial(share))
  }

  #plan(): void {
    if (this.#isClosed) return
    const { clock, config } = this.#deps
    const isActive = this.#lastTickNs - this.#activeAtNs < config.activeForMs * 1e6
    const { tickMs, idleTickMs } = this.#usesTokens() ? config.window : config
    this.#timer = clock.after(isActive ? tickMs : idleTickMs, () => {
      try {
        this.tick()
      } catch (error) {
        // A device that fails must not take the agent with it; without a heartbeat its processes pass everything.
        this.#tell({ error: messageOf(error) }, 'tick of a shared device failed')
      }
      this.#plan()
    })
  }

  #look(bytes: Buffer, slots: number, nowNs: number, elapsedNs: number): ProcessProgress[] {
    const { config } = this.#deps
    const seen: ProcessProgress[] = []
    for (let slot = 0; slot < slots; slot++) {
      const claim = decodeClaim(bytes, claimAt(slot))
      if (claim === null) {
        this.#tenants.delete(slot)
        continue
      }
      const reading = decodeSlot(bytes, slotAt(slot))
      const tenant = this.#tenantOf(slot, claim, reading)
      if (tenant.instanceId === null) continue
      const step = progress(tenant.reading, reading, nowNs, elapsedNs)
      if (step.nonsense !== null && tenant.complaints++ < config.complaintsMax)
        this.#tellOf(slot, tenant, step.nonsense)
      if (reading.lastLaunchNs !== tenant.reading?.lastLaunchNs || reading.isWaiting) this.#activeAtNs = nowNs
      tenant.reading = reading
      seen.push({ slot, claimId: tenant.claimId, instanceId: tenant.instanceId, progress: step })
    }
    for (const slot of this.#tenants.keys()) if (slot >= slots) this.#tenants.delete(slot)
    return seen
  }

  #tenantOf(slot: number, claim: { pid: number; startTicks: number }, reading: SlotReading): Tenant {
    // Line D is written after the claim: until then the tag is the former owner's, or 0.
    const claimId = `${slot}/${claim.pid}/${claim.startTicks}/${reading.tag}/${reading.claimedAtNs}`
    const known = this.#tenants.get(slot)
    if (known?.claimId === claimId) return known
    const instance = this.#instances.get(reading.tag)
    const own = instance === undefined ? null : this.#deps.processes.tagOf(claim.pid)
    // Whoever writes the tag of another would spend the other's share.
    const isOwn = own === null || own === reading.tag
    const instanceId = isOwn ? (instance?.instanceId ?? null) : null
    const tenant: Tenant = {
      ...claim,
      claimId,
      tag: reading.tag,
      instanceId,
      reading: null,
      told: null,
      complaints: 0,
    }
    this.#tenants.set(slot, tenant)
    this.#activeAtNs = this.#lastTickNs
    if (instanceId === null && reading.pid === claim.pid)
      this.#tellOf(
        slot,
        tenant,
        isOwn
          ? `tag ${reading.tag} is no registered instance's: it passes`
          : `tag is of ${instance?.instanceId}, not its own`,
      )
    return tenant
  }

  #write(slot: number, order: Order): void {
    const tenant = this.#tenants.get(slot)
    if (tenant === undefined) return
    if (JSON.stringify(tenant.told) === JSON.stringify(order)) return
    this.#file.writeOrder(slot, order)
    tenant.told = order
  }

  #ask(nowNs: number): ReadonlyMap<string, { sample: LatencySample; ageMs: number }> {
    const told = new Map<string, { sample: LatencySample; ageMs: number }>()
    for (const { instanceId, latency } of this.#instances.values()) {
      const sample = latency?.() ?? null
      const known = this.#latencies.get(instanceId)
      if (sample !== null && sample.revision !== known?.sample.revision)
        this.#latencies.set(instanceId, { sample, sinceNs: nowNs })
      const last = this.#latencies.get(instanceId)
      if (last !== undefined) told.set(instanceId, { sample: last.sample, ageMs: (nowNs - last.sinceNs) / 1e6 })
    }
    return told
  }

  #reclaim(nowNs: number): void {
    const { config, processes } = this.#deps
    const readings = new Map([...this.#tenants].map(([slot, { reading }]) => [slot, reading]))
    const due = slotsToCheck(readings, this.#nextCheck, nowNs, config)
    this.#nextCheck = due.nextFromSlot
    for (const slot of due.slots) {
      const tenant = this.#tenants.get(slot)!
      const startTicks = processes.startTicks(tenant.pid)
      // The claim holds the low half of the start time: a pid that came back is another process.
      if (startTicks !== null && startTicks % 2 ** 32 === tenant.startTicks) continue
      this.#file.reclaim(slot)
      this.#tenants.delete(slot)
      const { pid, instanceId } = tenant
      this.#deps.log.info({ device: this.device.deviceId, slot, pid, instanceId }, 'slot of a dead process taken back')
    }
  }

  /** Processes on the old file pass everything once its heartbeat is old; new ones find the new file. */
  #makeAnew(because: string): void {
    this.#tell({ path: this.path, because }, 'shared file lost; it is made anew')
    this.#file.close({ givesUp: false, removes: true })
    this.#tenants.clear()
    const { monotonicNs, config } = this.#deps
    this.#file = SharedFile.open(this.path, this.device.deviceId, monotonicNs(), config.failOpenMs)
  }

  #tellOf(slot: number, tenant: Tenant, because: string): void {
    this.#tell(
      { slot, pid: tenant.pid, instanceId: tenant.instanceId, because },
      'a process on a shared device is not believed',
    )
  }

  #tell(fields: Readonly<Record<string, unknown>>, message: string): void {
    if (this.#told++ < this.#deps.config.toldMax)
      this.#deps.log.warn({ device: this.device.deviceId, ...fields }, message)
  }
}
