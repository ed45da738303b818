// Workers on shares of GPUs, from the plan to what their agent is told, and back.
import { expect, test } from 'vitest'
import { applyActions } from './model/actions.ts'
import { aCatalogue, aJob, anAgent, anAllocation, aPartition, aPlan, aSnapshot, gpus } from './model/builders.ts'
import { encodeDesired } from './wire/desired.ts'
import { desiredFor } from './reconciler/desired.ts'
import { reconcile } from './reconciler/reconcile.ts'

const gpuShare = { requestMilli: 300, limitMilli: 600, memoryBytes: 2 ** 31 }
const allocations = [anAllocation(1), anAllocation(2, { deviceModel: 't4', gpuShare, usdPerUnitHour: 3 })]

test('workers of a plan of shares are told their share; those on CPUs and parameter servers have none', () => {
  const plan = aPlan({}, { partitions: [aPartition('a', 0, { allocations })] })
  const snapshot = aSnapshot({
    catalogue: aCatalogue({ a: { cpu: 1, t4: 10 } }),
    agents: [anAgent('a', {}, { devices: [...gpus('t4', 1), ...anAgent('a', { cpu: 2 }).devices] })],
    jobs: [aJob({ plan })],
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
