// Whom a device's work is arranged around now. Processes keep the role that they started with, and training starts confined,
// since a function with an objective may join it at any time. While none has, and what shares the device with it only fills,
// the training comes first: requests without an objective get its bubbles (SpecInF). Pure.
import type { SharedInstance } from './gpu-sharing.ts'

export function whoComesFirst(instances: readonly SharedInstance[]): readonly SharedInstance[] {
  const isGuarded = instances.some(({ role }) => role === 'protected')
  const hasFillers = instances.some(({ work }) => work === 'inference')
  if (isGuarded || !hasFillers) return instances
  return instances.map((instance) => (instance.work === 'training' ? { ...instance, role: 'protected' } : instance))
}
