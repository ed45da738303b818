// Two proposals are never committed for one round (invariant I18), whatever is lost, repeated, overtaken or killed: a region
// remembers only what its disk holds, and hears any status that another one ever said, in any order.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assert } from '#runtime/assert.ts'
import { seededRandom, type Random } from '#runtime/random.ts'
import { aStatus } from '../peers/a-peer-side.ts'
import { Agreement, firstState, isSame, type AgreementState, type View } from './agreement.ts'
import { electionMs, quietMs, voteMaxMs } from './config.ts'
import { aProposal } from './proposal.fixture.ts'
import type { PeerStatus, Proposal } from './types.ts'

const names = ['a', 'b', 'c', 'd'] as const

/** A region with its disk. What is being written becomes durable when the disk is done, or never. */
class Region {
  readonly name: string
  readonly heard = new Map<string, PeerStatus>()
  agreement: Agreement
  disk: AgreementState = firstState
  writing: AgreementState | null = null
  recent: readonly Proposal[] = []

  constructor(name: string) {
    this.name = name
    this.agreement = new Agreement(name, firstState, 0)
  }

  statusIn(view: View): PeerStatus {
    const { committedRound, committedTerm } = this.agreement.state
    const follows = this.agreement.follows(view)
    return aStatus({
      ...this.agreement.published,
      follows,
      committedRound,
      committedTerm,
      recent: this.recent.slice(-2),
    })
  }

  write(): void {
    this.writing ??= this.agreement.state
  }

  settle(nowMs: number): void {
    if (this.writing === null) return
    this.disk = this.writing
    this.agreement.settle(this.writing, nowMs)
    this.writing = null
  }

  crash(nowMs: number, isWritten: boolean): void {
    if (isWritten && this.writing !== null) this.disk = this.writing
    this.writing = null
    this.recent = []
    this.heard.clear()
    this.agreement = new Agreement(this.name, this.disk, nowMs)
  }
}

class Job {
  readonly regions: readonly Region[]
  readonly #random: Random
  readonly #said = new Map<string, PeerStatus[]>()
  /** What was committed, by round: its `fragment`, which is drawn anew for every proposal that is not a repetition. */
  readonly committed = new Map<number, number>()
  readonly #hubs = new Map<number, string>()
  readonly #votes = new Map<string, string>()
  nowMs = 0
  #proposals = 0

  constructor(regions: number, random: Random) {
    this.regions = names.slice(0, regions).map((name) => new Region(name))
    this.#random = random
  }

  view(region: Region, hears: (name: string) => boolean): View {
    const electorate = this.regions.map(({ name }) => name)
    return { electorate, regionsTotal: electorate.length, statuses: region.heard, hears, nowMs: this.nowMs }
  }

  /** Everything that a region says must be on its disk already, so that no crash takes it back. */
  say(region: Region, view: View): void {
    const { disk, name } = region
    const status = region.statusIn(view)
    if (status.votedFor !== '') {
      assert(disk.term === status.term && disk.votedFor === status.votedFor, `${name} says a vote that is not durable`)
      const vote = `${name} in ${status.term}`
      assert((this.#votes.get(vote) ?? status.votedFor) === status.votedFor, `${vote} votes twice`)
      this.#votes.set(vote, status.votedFor)
    }
    if (status.accepted !== null) assert(isSame(disk.accepted, status.accepted), `${name} accepts what is not durable`)
    if (status.isHub) {
      assert((this.#hubs.get(status.term) ?? name) === name, `term ${status.term} has two hubs`)
      this.#hubs.set(status.term, name)
    }
    const said = this.#said.get(name) ?? []
    this.#said.set(name, [...said, status].slice(-40))
  }

  /** The newest status, or any that was ever said: newer or older than the one that was heard last. */
  hear(region: Region, others: readonly Region[], isNewest: boolean): void {
    for (const { name } of others) {
      const said = this.#said.get(name) ?? []
      if (name === region.name || said.length === 0) continue
      region.heard.set(name, said[isNewest ? said.length - 1 : this.#random.integer(said.length)]!)
    }
  }

  /** One thing that a region does, if it can. */
  act(region: Region, view: View, kind: number): void {
    const { agreement } = region
    if (kind === 0) while (agreement.advance(view));
    else if (kind === 1 && agreement.isHub && agreement.proposed === null) {
      const { term, committedRound } = agreement.state
      const fragment = ++this.#proposals
      agreement.propose(aProposal({ term, hub: region.name, round: committedRound + 1, fragment }))
    } else if (kind === 2) {
      const proposal = agreement.toAccept(view)
      if (proposal !== null) agreement.accept(proposal)
    } else if (kind === 3) this.#commit(region, agreement.toCommit(view)?.proposal ?? null)
  }

  #commit(region: Region, proposal: Proposal | null): void {
    if (proposal === null) return
    const { committedRound } = region.agreement.state
    assert(proposal.round === committedRound + 1, `round ${proposal.round} follows ${committedRound}`)
    const known = this.committed.get(proposal.round) ?? proposal.fragment
    assert(known === proposal.fragment, `round ${proposal.round} is committed twice`)
    this.committed.set(proposal.round, proposal.fragment)
    region.agreement.commit(proposal)
    assert(region.agreement.state.committedRound === committedRound + 1, 'a commit is one round')
    region.recent = [...region.recent, proposal]
  }

  /** Takes a snapshot of somebody who is ahead. */
  jump(region: Region): void {
    for (const { committedRound, committedTerm } of region.heard.values()) {
      if (committedRound <= region.agreement.state.committedRound) continue
      region.agreement.jump(committedRound, committedTerm)
      region.recent = []
    }
  }

  /** For a while only some regions are up and hear each other. */
  chaos(): void {
    const random = this.#random
    const some = this.regions.filter(() => random.integer(3) > 0)
    const group = some.length === 0 ? this.regions : some
    const isHeard = (name: string): boolean => group.some((region) => region.name === name)
    for (const region of this.regions) if (random.integer(6) === 0) region.crash(this.nowMs, random.integer(2) === 0)
    if (random.integer(2) === 0) this.nowMs += random.integer(2 * quietMs)
    for (let turns = random.integer(40); turns > 0; turns--) {
      const region = group[random.integer(group.length)]!
      const view = this.view(region, (name) => isHeard(name) && random.integer(20) > 0)
      const mostly = (): boolean => random.integer(5) > 0
      this.nowMs += random.integer(300)
      if (mostly()) this.hear(region, group, mostly())
      for (const kind of [0, 3, 2, 1, 3]) if (mostly()) this.act(region, view, kind)
      if (mostly()) region.write()
      if (mostly()) this.say(region, view)
      if (mostly()) region.settle(this.nowMs)
      if (random.integer(40) === 0) this.jump(region)
    }
  }

  /** Everybody is up, hears everybody, and has a disk that works. */
  calm(turns: number): void {
    for (let turn = 0; turn < turns; turn++) {
      this.nowMs += electionMs / 4
      for (const region of this.regions) {
        this.hear(region, this.regions, true)
        const view = this.view(region, () => true)
        for (const kind of [3, 0, 2, 1, 3]) this.act(region, view, kind)
        // Who has missed too many rounds takes a snapshot.
        if (region.agreement.toCommit(view) === null) this.jump(region)
        region.write()
        region.settle(this.nowMs)
        region.write()
        region.settle(this.nowMs)
        this.say(region, view)
      }
    }
  }
}

describe('agreement', () => {
  test('commits one proposal per round, in order, and promises nothing that a crash takes back', () => {
    let rounds = 0
    const scenario = fc.record({ seed: fc.nat(), regions: fc.integer({ min: 1, max: 4 }) })
    fc.assert(
      fc.property(scenario, ({ seed, regions }) => {
        const job = new Job(regions, seededRandom(seed))
        for (let part = 0; part < 25; part++) job.chaos()
        const before = job.committed.size
        if (regions > 1) rounds += before
        // Nothing that was decided is in the way of what follows.
        job.calm(60)
        expect(job.committed.size).toBeGreaterThan(before)
        const ends = job.regions.map(({ agreement }) => agreement.state.committedRound)
        expect(Math.max(...ends) - Math.min(...ends)).toBeLessThanOrEqual(1)
      }),
      { numRuns: 120 },
    )
    // The scenarios are no empty ones.
    expect(rounds).toBeGreaterThan(300)
  })

  const alone: View = { electorate: ['a'], regionsTotal: 1, statuses: new Map(), hears: () => false, nowMs: 0 }

  test('a vote is heard once it is durable, and so is what was accepted', () => {
    const agreement = new Agreement('a', firstState, 0)
    expect(agreement.advance(alone)).toBe(true)
    expect(agreement.published).toMatchObject({ term: 1, votedFor: '', isCandidate: false, isHub: false })
    expect(agreement.advance(alone)).toBe(false)
    agreement.settle(agreement.state, 0)
    expect(agreement.published).toMatchObject({ votedFor: 'a', isCandidate: true })
    expect(agreement.advance(alone)).toBe(true)
    const proposal = aProposal({ term: 1, hub: 'a', round: 1 })
    agreement.propose(proposal)
    expect([agreement.published.accepted, agreement.toCommit(alone)]).toEqual([null, null])
    agreement.settle(agreement.state, 0)
    expect(agreement.published.accepted).toBe(proposal)
    expect(agreement.toCommit(alone)?.proposal).toBe(proposal)
    agreement.commit(proposal)
    expect(agreement.state).toMatchObject({ committedRound: 1, committedTerm: 1, accepted: null })
    expect(() => agreement.commit(aProposal({ term: 1, hub: 'a', round: 3 }))).toThrow(
      'round 3 is committed after round 1',
    )
  })

  test('nobody votes for who is behind: in what it applied, or in what it accepted', () => {
    const state = { ...firstState, term: 4, committedRound: 7, committedTerm: 3 }
    const electorate = ['a', 'b', 'c']
    const votes = (own: Partial<AgreementState>, candidate: Partial<PeerStatus>): boolean => {
      const agreement = new Agreement('b', { ...state, ...own }, 0)
      const asking = aStatus({
        term: 5,
        isCandidate: true,
        votedFor: 'a',
        committedRound: 7,
        committedTerm: 3,
        ...candidate,
      })
      const view = { electorate, regionsTotal: 3, statuses: new Map([['a', asking]]), hears: () => true, nowMs: 0 }
      while (agreement.advance(view));
      return agreement.state.votedFor === 'a'
    }
    expect(votes({}, {})).toBe(true)
    expect(votes({}, { committedRound: 6 })).toBe(false)
    expect(votes({}, { committedRound: 9, committedTerm: 2 })).toBe(false)
    const accepted = aProposal({ term: 4, hub: 'c', round: 8 })
    expect(votes({ accepted }, {})).toBe(false)
    expect(votes({ accepted }, { accepted: { ...accepted, hub: 'a' } })).toBe(true)
    expect(votes({ accepted }, { accepted: { ...accepted, term: 2 } })).toBe(false)
    // Once a term: whoever asks second is told nothing.
    expect(votes({ term: 5, votedFor: 'c' }, {})).toBe(false)
  })

  test('nobody stands beside one who is followed, and a disk that takes no vote is not waited for for ever', () => {
    const electorate = ['a', 'b', 'c']
    const hears = (): boolean => true
    const statusesOf = (regions: readonly Agreement[], own: Agreement, nowMs: number) =>
      new Map(
        regions.flatMap((region, i) => {
          const follows = region.follows({ electorate, regionsTotal: 3, statuses: new Map(), hears, nowMs })
          return region === own ? [] : [[electorate[i]!, aStatus({ ...region.published, follows })] as const]
        }),
      )
    const regions = electorate.map((name) => new Agreement(name, firstState, 0))
    const [a, b, c] = regions as [Agreement, Agreement, Agreement]
    const waits: boolean[] = []
    for (let nowMs = 0; nowMs <= voteMaxMs + 20_000; nowMs += 500) {
      for (const region of regions) {
        while (
          region.advance({ electorate, regionsTotal: 3, statuses: statusesOf(regions, region, nowMs), hears, nowMs })
        );
        // The disk of the first region takes nothing.
        if (region !== a) region.settle(region.state, nowMs)
      }
      waits.push(a.isCandidate && b.state.term === 1 && c.state.term === 1)
    }
    expect(waits.indexOf(false)).toBeGreaterThanOrEqual(voteMaxMs / 500)
    expect([a.isHub, b.isHub, c.isHub, a.state.term]).toEqual([false, true, false, 2])
  })

  test('who led and restarted asks at once, whoever is first in line', () => {
    const view: View = { electorate: ['a', 'b'], regionsTotal: 2, statuses: new Map(), hears: () => true, nowMs: 0 }
    const stands = (votedFor: string): boolean => {
      const agreement = new Agreement('b', { ...firstState, term: 2, votedFor }, 0)
      return agreement.advance(view) && agreement.isCandidate
    }
    expect([stands('b'), stands('a')]).toEqual([true, false])
  })

  test('the planned region stands first, then those behind it; without one, or where it may not vote, the lowest', () => {
    const electorate = ['a', 'b', 'c']
    /** Who asks for votes at once, and who later: in their order. */
    const order = (planned: string | undefined): readonly string[] => {
      const waits = electorate.map((name) => {
        const agreement = new Agreement(name, firstState, 0)
        const view = { electorate, planned, regionsTotal: 3, statuses: new Map(), hears: () => true }
        let nowMs = 0
        while (!agreement.advance({ ...view, nowMs })) nowMs += 100
        expect(agreement.isCandidate).toBe(true)
        return { name, nowMs }
      })
      expect(Math.min(...waits.map(({ nowMs }) => nowMs))).toBe(0)
      return waits.toSorted((one, other) => one.nowMs - other.nowMs).map(({ name }) => name)
    }
    expect(order('b')).toEqual(['b', 'c', 'a'])
    expect(order('c')).toEqual(['c', 'a', 'b'])
    for (const planned of [undefined, '', 'a', 'pruned']) expect(order(planned)).toEqual(['a', 'b', 'c'])
  })

  test('a new hub proposes again what it had accepted, in its own term', () => {
    const accepted = aProposal({ term: 1, hub: 'c', round: 3, fragment: 42 })
    const agreement = new Agreement('a', { ...firstState, term: 1, committedRound: 2, accepted }, 0)
    const electorate = ['a', 'b', 'c']
    const view = (statuses: ReadonlyMap<string, PeerStatus>): View => ({
      electorate,
      regionsTotal: 3,
      statuses,
      hears: (name) => name === 'b',
      nowMs: quietMs + electionMs,
    })
    while (agreement.advance(view(new Map())));
    agreement.settle(agreement.state, 0)
    while (agreement.advance(view(new Map([['b', aStatus({ term: 2, votedFor: 'a' })]]))));
    expect(agreement.proposed).toEqual({ ...accepted, term: 2, hub: 'a' })
    // The acceptance of the old term does not count for it.
    const old = new Map([['b', aStatus({ term: 2, votedFor: 'a', accepted })]])
    agreement.settle(agreement.state, 0)
    expect(agreement.toCommit(view(old))).toBeNull()
    const anew = new Map([['b', aStatus({ term: 2, votedFor: 'a', accepted: agreement.proposed })]])
    expect(agreement.toCommit(view(anew))?.proposal.fragment).toBe(42)
  })

  test('who hears no majority leads no more; who comes back with a later term is followed', () => {
    const agreement = new Agreement('a', firstState, 0)
    const electorate = ['a', 'b', 'c']
    const b = (change: Partial<PeerStatus>) => new Map([['b', aStatus(change)]])
    const view = (statuses: ReadonlyMap<string, PeerStatus>, heard: readonly string[]): View => ({
      electorate,
      regionsTotal: 3,
      statuses,
      hears: (name) => heard.includes(name),
      nowMs: 0,
    })
    while (agreement.advance(view(new Map(), ['b'])));
    agreement.settle(agreement.state, 0)
    while (agreement.advance(view(b({ term: 1, votedFor: 'a' }), ['b'])));
    expect([agreement.isHub, agreement.hub(view(new Map(), ['b']))]).toEqual([true, 'a'])
    while (agreement.advance(view(b({ term: 1, votedFor: 'a' }), [])));
    expect(agreement.isHub).toBe(false)
    while (agreement.advance(view(b({ term: 9, isHub: true }), ['b'])));
    expect([agreement.state.term, agreement.hub(view(b({ term: 9, isHub: true }), ['b']))]).toEqual([9, 'b'])
    expect(agreement.hub(view(b({ term: 9, isHub: true }), []))).toBeNull()
  })

  test('a proposal of another term or round, or by who does not lead, is refused', () => {
    const agreement = new Agreement('a', firstState, 0)
    expect(() => agreement.propose(aProposal({ hub: 'a' }))).toThrow('without leading')
    expect(agreement.accept(aProposal({ term: 3, hub: 'b', round: 1 }))).toBe(false)
    expect(agreement.accept(aProposal({ term: 0, hub: 'b', round: 2 }))).toBe(false)
    expect(agreement.accept(aProposal({ term: 0, hub: 'b', round: 1 }))).toBe(true)
  })
})
