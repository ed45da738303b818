// Workers on shares of GPUs, from the plan to what their agent is told, and back.
import { expect, test } from 'vitest'
import { applyActions } from './model/actions.ts'
import {
  aCatalogue,
  aJob,
  anAgent,
  anAllocation,
  anInstance,
  aPartition,
  aPlan,
  aSnapshot,
  aSpec,
  gpus,
} from './model/builders.ts'
import { throughputKey } from './model/snapshot.ts'
import { planOffline } from './plan-offline.ts'
import { overTheWire } from './rig.ts'
import { planOn } from './scheduler/decide-again.ts'
import { plan, planInput } from './scheduler/plan.ts'
import { Checks } from './wire/checks.ts'
import { encodeDesired } from './wire/desired.ts'
import { decodePlanInput, encodePlanInput } from './wire/plan-input.ts'
import { desiredFor } from './reconciler/desired.ts'
import { reconcile } from './reconciler/reconcile.ts'

const gpuShare = { requestMilli: 300, limitMilli: 600, memoryBytes: 2 ** 31 }
const allocations = [anAllocation(1), anAllocation(2, { deviceModel: 't4', gpuShare, usdPerUnitHour: 3 })]

test('workers of a plan of shares are told their share; those on CPUs and parameter servers have none', () => {
  const shares = aPlan({}, { partitions: [aPartition('a', 0, { allocations })] })
  const snapshot = aSnapshot({
    catalogue: aCatalogue({ a: { cpu: 1, t4: 10 } }),
    agents: [anAgent('a', {}, { devices: [...gpus('t4', 1), ...anAgent('a', { cpu: 2 }).devices] })],
    jobs: [aJob({ plan: shares })],
  })
  const begun = applyActions(snapshot, reconcile(snapshot))
  expect(begun.instances.map(({ role, deviceModel, gpuShare: share }) => [role, deviceModel, share])).toEqual([
    ['parameter-server', 'cpu', undefined],
    ['worker', 'cpu', undefined],
    ['worker', 't4', gpuShare],
    ['worker', 't4', gpuShare],
  ])
  const told = encodeDesired(desiredFor(begun, 'a'), 1)
  expect(told.instances!.map(({ gpuShare: share, usdPerUnitHour }) => [share, usdPerUnitHour]).slice(2)).toEqual([
    [gpuShare, 3],
    [gpuShare, 3],
  ])
  expect(told.instances!.slice(0, 2).map(({ gpuShare: share }) => share)).toEqual([null, null])
})

test('what a plan of shares was decided on gives the same plan again after it went over the wire, under what-ifs too', () => {
  const catalogue = aCatalogue({ a: { cpu: 1, t4: 10 } }, { cpu: 1, t4: 20 })
  const { resources } = aSpec()
  const spec = aSpec({ resources: { ...resources, deviceModels: ['t4'], gpuShare }, policy: 'use-everything' })
  const throughput = new Map([[throughputKey(spec.function.bundleDigest, 't4~300-600'), 42]])
  const agents = [anAgent('a', {}, { devices: gpus('t4', 2) })]
  const held = anInstance({ id: 'j-0/a/worker-0', jobId: 'j-0', region: 'a', deviceModel: 't4', deviceId: 'gpu-1' })
  const snapshot = aSnapshot({ catalogue, agents, throughput, instances: [held] })
  const job = aJob({ spec })
  const input = planInput(snapshot, job)
  expect(input.capacity[0]!.classes).toMatchObject([{ deviceModel: 't4', unitsTotal: 4, unitsFree: 2 }])
  const checks = new Checks()
  const again = decodePlanInput(checks, overTheWire('PlanInput', encodePlanInput(input)))
  expect(checks.violations).toEqual([])
  expect(again).toEqual(input)
  expect(planOn(again!, catalogue)).toEqual(plan(snapshot, job))
  const faster = planOffline(encodePlanInput(input), catalogue, ['t4 speed x2'])
  expect(faster.plan!.partitions[0]!.allocations).toMatchObject([{ units: 2, samplesPerSecondPerUnit: 84 }])
})
