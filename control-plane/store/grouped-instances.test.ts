import { describe, expect, test } from 'vitest'
import { anInstance } from '#control-plane/model/builders.ts'
import { flattened, GroupedInstances } from './grouped-instances.ts'

describe('grouped instances', () => {
  test('are found by id, by job and by region, in ascending order of id', () => {
    const all = new GroupedInstances()
    const [first, second, third] = [
      anInstance({ id: 'j-1/b/worker-1', jobId: 'j-1', region: 'b' }),
      anInstance({ id: 'j-1/a/worker-0', jobId: 'j-1', region: 'a' }),
      anInstance({ id: 'j-2/b/worker-0', jobId: 'j-2', region: 'b' }),
    ]
    for (const instance of [first, second, third]) all.put(instance)
    expect(all.byJob().get('j-1')).toEqual([second, first])
    expect(all.byRegion().get('b')).toEqual([first, third])
    expect(flattened(all.byJob())).toEqual([second, first, third])
    expect(all.get('j-2/b/worker-0')).toBe(third)
  })

  test('a group that did not change is the same list, and what was given out never changes', () => {
    const all = new GroupedInstances()
    const one = anInstance({ id: 'j-1/a/worker-0', jobId: 'j-1', region: 'a' })
    all.put(one)
    all.put(anInstance({ id: 'j-2/b/worker-0', jobId: 'j-2', region: 'b' }))
    const [jobs, regions] = [all.byJob(), all.byRegion()]
    all.put({ ...one, state: 'stopped' })
    expect(all.byJob().get('j-2')).toBe(jobs.get('j-2'))
    expect(all.byJob().get('j-1')).not.toBe(jobs.get('j-1'))
    all.deleteJob('j-1')
    expect([...all.byRegion().keys()]).toEqual(['b'])
    expect([...regions.keys()].sort()).toEqual(['a', 'b'])
    expect(jobs.get('j-1')).toEqual([one])
  })

  test('one that is planned elsewhere leaves where it was', () => {
    const all = new GroupedInstances()
    const one = anInstance({ id: 'j-1/a/worker-0', jobId: 'j-1', region: 'a' })
    all.put(one)
    all.put({ ...one, region: 'b' })
    expect(all.byRegion().get('a')).toBeUndefined()
    expect(all.byJob().get('j-1')).toHaveLength(1)
  })
})
