import { expect, test } from 'vitest'
import type { Role, SharedInstance, Work } from './gpu-sharing.ts'
import { whoComesFirst } from './who-comes-first.ts'

const anInstance = (instanceId: string, work: Work, role: Role): SharedInstance => ({
  instanceId,
  tag: 1n,
  deviceId: 'g',
  role,
  work,
  isTokenByToken: false,
  share: { requestMilli: 300, limitMilli: 500, memoryBytes: 0 },
  objective: null,
  latency: null,
})

const training = anInstance('t', 'training', 'confined')
const filler = anInstance('f', 'inference', 'confined')
const guarded = anInstance('s', 'inference', 'protected')

test.each([
  ['training alone', [training], ['confined']],
  ['two trainings', [training, training], ['confined', 'confined']],
  ['fillers alone', [filler, filler], ['confined', 'confined']],
  ['training and what fills its bubbles', [training, filler], ['protected', 'confined']],
  ['the same beside a function with an objective', [training, filler, guarded], ['confined', 'confined', 'protected']],
  [
    'training that was told to come first',
    [{ ...training, role: 'protected' as const }, filler],
    ['protected', 'confined'],
  ],
])('%s', (_, instances, roles) => {
  expect(whoComesFirst(instances).map(({ role }) => role)).toEqual(roles)
})
