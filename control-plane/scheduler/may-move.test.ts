import { expect, test } from 'vitest'
import { aShard, aSpec } from '#control-plane/model/builders.ts'
import { isMeant, mayMove, movesOf } from './may-move.ts'

test('a pattern is a name, or the beginning of one', () => {
  const regions = ['aws/eu-west-1', 'aws/us-east-1', 'onprem/lab']
  const meant = (pattern: string): readonly string[] => regions.filter((region) => isMeant(pattern, region))
  expect(meant('aws/eu-west-1')).toEqual(['aws/eu-west-1'])
  expect(meant('aws/eu-*')).toEqual(['aws/eu-west-1'])
  expect(meant('aws/*')).toEqual(['aws/eu-west-1', 'aws/us-east-1'])
  expect(meant('*')).toEqual(regions)
  expect(meant('aws')).toEqual([])
})

test("a region's data moves only if all of it may", () => {
  const free = aShard('a', 10, { bytes: 1, mayMoveTo: ['*'] })
  const spec = (...more: ReturnType<typeof aShard>[]) => aSpec({ shards: [free, aShard('b', 10), ...more] })
  expect(mayMove(spec(), 'a', 'c')).toBe(true)
  expect(mayMove(spec(), 'b', 'c')).toBe(false)
  expect(mayMove(spec(aShard('a', 5)), 'a', 'c')).toBe(false)
  expect(mayMove(spec(aShard('a', 0)), 'a', 'c')).toBe(true)
  expect(mayMove(spec(), 'nowhere', 'c')).toBe(false)
})

test('asked for many regions it answers as for one', () => {
  const spec = aSpec({
    shards: [
      aShard('a', 10, { mayMoveTo: ['b', 'aws/*'] }),
      aShard('a', 10, { mayMoveTo: ['aws/eu-*'] }),
      aShard('b', 10, { mayMoveTo: ['*'] }),
      aShard('c', 0, { mayMoveTo: ['*'] }),
    ],
  })
  const may = movesOf(spec)
  for (const from of ['a', 'b', 'c', 'd']) {
    for (const to of ['a', 'b', 'aws/eu-west-1', 'aws/us-east-1']) expect(may(from, to)).toBe(mayMove(spec, from, to))
  }
})
