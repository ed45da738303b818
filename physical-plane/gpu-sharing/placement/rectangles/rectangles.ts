// FaST-GShare's choice of a GPU (ICPP'23): of those on which the rectangle of time and multiprocessors finds room, others moved if need
// be, the one on which the least area is left free; a fresh one last. The index asks for the room (space-time.ts).
import { pack } from '#physical-plane/gpu-sharing/placement/packing.ts'
import type { PlacementPolicy } from '#physical-plane/gpu-sharing/placement/demand.ts'
import { requestPacking } from '#physical-plane/gpu-sharing/placement/request-packing.ts'

export const rectangles: PlacementPolicy = { name: 'rectangles', bounds: requestPacking.bounds, place: pack }
