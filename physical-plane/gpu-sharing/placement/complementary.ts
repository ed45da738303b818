// Dilu's resourcing-complementary rule (arXiv 2503.05130, facts in the authors' scheduler): requests sum up to one device at
// most and limits to one and a half, and who needs much of what others leave is put beside them.
//   inference      tightest fit in three pools: where it slows all workers of one training job alike, so that none of them
//                  becomes the straggler; other devices in use; empty ones
//   LLM inference  tightest fit among devices in use; else, where it may be split, its memory over devices of one node; else an
//                  empty one. The paper says worst fit, its authors' scheduler takes the tightest, and that needs 1 GPU in 100 less
//   training       devices of one node, empty ones only where those in use do not suffice
import { placementConfig } from './config.ts'
import type { Demand, Piece, Placement, PlacementPolicy } from './demand.ts'
import type { DeviceIndex, NodeRange } from './device-index.ts'
import { placeOnOneNode } from './one-node.ts'
import { bothWeights, firstEmpty, tightest, tightestActive } from './tightest.ts'

export const complementary: PlacementPolicy = {
  name: 'complementary',
  bounds: { requestMilliMax: placementConfig.requestMilliMax, limitMilliMax: placementConfig.limitMilliMax },
  place: (index, demand) => {
    switch (demand.kind) {
      case 'training':
        return placeOnOneNode(index, demand, bothWeights)
      case 'inference':
        return placeInference(index, demand)
      case 'llm-inference':
        return placeLlm(index, demand)
    }
  },
}

function placeInference(index: DeviceIndex, demand: Demand): Placement | null {
  const { functionId, share } = demand
  const besideTraining = tightest(index, sharedAlike(index, functionId), share)
  if (besideTraining >= 0) return whole(index, besideTraining, demand)
  const inUse = tightestActive(index, share)
  return whole(index, inUse >= 0 ? inUse : firstEmpty(index, share), demand)
}

/**
 * Where an instance of the function already runs beside a training job, the job's other devices: all of its workers then
 * share with the same function.
 */
export function sharedAlike(index: DeviceIndex, functionId: string): ReadonlySet<number> {
  const own = index.devicesOfFunction(functionId)
  const others = new Set<number>()
  for (const device of own)
    for (const job of index.trainingOn(device))
      for (const other of index.devicesOf(job)) if (!own.has(other)) others.add(other)
  return others
}

function placeLlm(index: DeviceIndex, demand: Demand): Placement | null {
  const inUse = tightestActive(index, demand.share)
  if (inUse >= 0) return whole(index, inUse, demand)
  const pieces = demand.mayBeSplit ? splitOverOneNode(index, demand) : null
  return pieces ?? whole(index, firstEmpty(index, demand.share), demand)
}

/** Its layers over devices in use of the node that needs the fewest of them. On each it needs its request and no more: they compute in turn. */
function splitOverOneNode(index: DeviceIndex, demand: Demand): Placement | null {
  const { requestMilli, memoryBytes } = demand.share
  const share = { ...demand.share, limitMilli: requestMilli, memoryBytes: 0 }
  let best: readonly Piece[] | null = null
  for (const node of index.nodes) {
    const pieces = memoryBytes === 0 ? null : split(index, node, share, memoryBytes)
    if (pieces !== null && (best === null || pieces.length < best.length)) best = pieces
  }
  return best
}

/** The fullest devices first: what is left over of them would serve nobody else. */
function split(
  index: DeviceIndex,
  { from, to }: NodeRange,
  share: Piece['share'],
  memoryBytes: number,
): readonly Piece[] | null {
  const open: number[] = []
  for (let device = from; device < to; device += 1)
    if (index.isActive(device) && index.fits(device, share) && index.freeMemoryBytes(device) > 0) open.push(device)
  open.sort((a, b) => index.freeMemoryBytes(a) - index.freeMemoryBytes(b) || a - b)
  const pieces: Piece[] = []
  let missing = memoryBytes
  for (const device of open) {
    const given = Math.min(missing, index.freeMemoryBytes(device))
    pieces.push({ deviceId: index.devices[device]!.id, share: { ...share, memoryBytes: given } })
    missing -= given
    if (missing === 0) return pieces
  }
  return null
}

function whole(index: DeviceIndex, device: number, { share }: Demand): Placement | null {
  return device < 0 ? null : [{ deviceId: index.devices[device]!.id, share }]
}
