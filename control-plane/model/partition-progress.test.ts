import { expect, test } from 'vitest'
import { anInstance, someProgress } from './builders.ts'
import { partitionsProgress } from './partition-progress.ts'

test('a partition that was moved counts once, as it is where it went last', () => {
  const server = (id: string, region: string, partition: string, samplesDone: number, moves?: number) =>
    anInstance({
      id,
      region,
      partition,
      role: 'parameter-server',
      progress: someProgress(partition, { samplesDone }),
      ...(moves === undefined ? {} : { moves }),
    })
  const instances = [
    server('j-1/b/ps', 'b', 'b', 40),
    server('j-1/b@c.2/ps', 'c', 'b', 70, 2),
    server('j-1/b@a.1/ps', 'a', 'b', 60, 1),
    server('j-1/a/ps', 'a', 'a', 5),
    anInstance({ id: 'j-1/a/worker-0', region: 'a' }),
  ]
  expect(partitionsProgress(instances).map(({ region, samplesDone }) => [region, samplesDone])).toEqual([
    ['a', 5],
    ['b', 70],
  ])
})
