import { describe, expect, test } from 'vitest'
import { VirtualClock } from '#runtime/virtual-clock.ts'
import { Members } from '../members.ts'
import { aStatus } from '../peers/a-peer-side.ts'
import { silenceMs, stallMs } from './config.ts'
import { PeersView } from './peers-view.ts'

function aView() {
  const clock = new VirtualClock()
  const members = new Members(
    'a',
    ['a', 'b', 'c'].map((region) => ({ region, dataShare: 1 / 3 })),
  )
  return { clock, members, peers: new PeersView(members, clock) }
}

describe('the other regions', () => {
  test('are away once nothing was heard of them for some time, and what they promised still counts', async () => {
    const { clock, peers } = aView()
    const status = aStatus({ term: 3, votedFor: 'b' })
    peers.statusChanged('b', status)
    await clock.advance(silenceMs - 1)
    expect([peers.hears('b'), peers.heardPeers, peers.absence('b')]).toEqual([true, ['b'], 'silent for 5.0 s'])
    await clock.advance(1)
    expect([peers.hears('b'), peers.heardPeers, peers.statusOf('b')]).toEqual([false, [], status])
    expect(peers.view().statuses.get('b')).toBe(status)
    peers.heard('b')
    expect(peers.hears('b')).toBe(true)
  })

  test('that were never heard are expected for as long, so that a restart takes nobody for lost', async () => {
    const { clock, peers } = aView()
    expect([peers.heardPeers, peers.expectedPeers, peers.nextSilenceAtMs]).toEqual([[], ['b', 'c'], silenceMs])
    await clock.advance(1000)
    peers.heard('c')
    await clock.advance(silenceMs - 1000)
    expect([peers.expectedPeers, peers.nextSilenceAtMs]).toEqual([['c'], silenceMs + 1000])
    await clock.advance(1000)
    expect([peers.expectedPeers, peers.nextSilenceAtMs]).toEqual([[], Number.POSITIVE_INFINITY])
    expect([peers.absence('b'), peers.absence('c')]).toEqual(['never heard', 'silent for 5.0 s'])
  })

  test('that say that they stop are away at once, until another process speaks for them', async () => {
    const { clock, peers } = aView()
    peers.statusChanged('b', aStatus({ incarnation: 7 }))
    peers.statusChanged('b', aStatus({ incarnation: 7, isLeaving: true }))
    peers.heard('b')
    expect([peers.hears('b'), peers.absence('b'), peers.expectedPeers, peers.heardPeers]).toEqual([
      false,
      'stopped',
      ['c'],
      [],
    ])
    expect(peers.nextSilenceAtMs).toBe(silenceMs)
    await clock.advance(1000)
    peers.statusChanged('b', aStatus({ incarnation: 8 }))
    expect([peers.hears('b'), peers.hasLeft('b'), peers.expectedPeers]).toEqual([true, false, ['b', 'c']])
  })

  test('that were heard before this process stood still have a moment to be heard again', async () => {
    const { clock, peers } = aView()
    peers.heard('b')
    await clock.advance(silenceMs)
    peers.heard('c')
    // From here it should have woken after a second.
    await clock.advance(60_000)
    expect(peers.heardPeers).toEqual([])
    peers.wokeLate(stallMs - 1)
    expect(peers.heardPeers).toEqual([])
    peers.wokeLate(59_000)
    expect([peers.heardPeers, peers.nextSilenceAtMs - clock.monotonicMs()]).toEqual([['c'], silenceMs - 1000])
    peers.wokeLate(60_000)
    expect(peers.nextSilenceAtMs - clock.monotonicMs()).toBeLessThanOrEqual(silenceMs)
    await clock.advance(silenceMs)
    expect(peers.heardPeers).toEqual([])
  })

  test('that are pruned vote no more', () => {
    const { members, peers } = aView()
    peers.heard('b')
    members.replace({ epoch: 1, peers: [{ region: 'b', endpoint: '', pruned: true }] })
    expect([peers.view().electorate, peers.heardPeers, peers.expectedPeers]).toEqual([['a', 'c'], [], ['c']])
  })
})
