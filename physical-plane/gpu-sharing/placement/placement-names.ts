// The placement policies by the names that people write. Also read by the command line, which refuses others before anything starts.

export const placementNames = [
  // Dilu's rule, and least stranding among nodes: our default.
  'placement',
  // Dilu.
  'complementary',
  // FaST-GShare.
  'rectangles',
  // HAS-GPU.
  'rows',
  // Fragmentation gradient descent, and what it was compared with.
  'fgd',
  'best-fit',
  'dot-product',
  'gpu-packing',
  'gpu-clustering',
  'least-stranding',
  // INFless, its opposite, and Kubernetes.
  'limit-packing',
  'request-packing',
  'exclusive',
] as const

export type PlacementName = (typeof placementNames)[number]

export const defaultPlacement: PlacementName = 'placement'

export function isPlacementName(name: string): name is PlacementName {
  return (placementNames as readonly string[]).includes(name)
}
