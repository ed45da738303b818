import { expect, test } from 'vitest'
import { strategies } from '#proto/sync/strategies.ts'
import { aLayout, aTensor } from '../replica/a-layout.ts'
import { aSide } from './side.fixture.ts'
import { createStrategy } from './create-strategy.ts'
import { someSettings } from './when/settings.fixture.ts'

test('parts that can not go together make no strategy, and are named with the fix', () => {
  const { replica, memory } = aSide({ strategy: 'asgd' }, aLayout([aTensor({ shape: [1] })]), [0])
  const settings = someSettings({ strategy: 'diloco' })
  const context = { settings, region: 'a', dataShare: 1, replica, memory, seed: 1, members: () => ['a'] }
  const parts = { ...strategies.get('diloco')!.parts(settings), membership: 'independent' } as const
  expect(() => createStrategy(parts, { ...context, versions: () => ({}), dropped: () => {} })).toThrow(
    expect.objectContaining({
      reason: 'IMPOSSIBLE_STRATEGY',
      message: expect.stringContaining(
        'diloco.parts.apply: apply outer-nesterov can not go with membership independent: the mean delta is its gradient; ' +
          'use membership rounds',
      ),
    }),
  )
})
