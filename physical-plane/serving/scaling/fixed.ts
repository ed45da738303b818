// As many instances as the function's file allows at least, whatever comes: what a user has who turns scaling off.
import type { Autoscaler } from './autoscaler.ts'
import { toCount } from './draft.ts'

export const fixed: Autoscaler<null> = {
  name: 'fixed',
  initial: null,
  decide: (view) => {
    const count = Math.max(1, view.instancesMin)
    return { actions: toCount(view, count, `fixed at ${count}`), memory: null }
  },
}
