import { describe, expect, test } from 'vitest'
import { aCatalogue, aJob, anAgent, aShard, aSnapshot, aSpec } from '#control-plane/model/builders.ts'
import { linkKey, throughputKey } from '#control-plane/model/snapshot.ts'
import { planInput } from '../plan.ts'
import { planOn } from '../decide-again.ts'
import { applyWhatIfs } from './apply.ts'
import type { Question } from './question.ts'

const catalogue = aCatalogue(
  { 'aws/east': { cpu: 1, t4: 10 }, 'aws/west': { cpu: 2 }, 'onprem/lab': { cpu: 0.5 } },
  { cpu: 1, t4: 20 },
)
const digest = aSpec().function.bundleDigest
const snapshot = aSnapshot({
  catalogue,
  agents: [anAgent('aws/east', { cpu: 8, t4: 2 }), anAgent('onprem/lab', { cpu: 4 })],
  throughput: new Map([[throughputKey(digest, 'cpu'), 50]]),
  modelSizes: new Map([[digest, { updateBytes: 4e6, samplesPerStep: 32 }]]),
  measuredLinks: new Map([[linkKey('aws/east', 'onprem/lab'), { mbitPerSecond: 40, roundTripMs: 60, atMs: 0 }]]),
})
const shards = [aShard('aws/east', 3000), aShard('onprem/lab', 500), aShard('onprem/lab', 1500, { uri: 'file:///b' })]
const job = aJob({ spec: aSpec({ shards, policy: 'least-cost' }) })
const question: Question = { catalogue, input: planInput(snapshot, job) }

function asked(...texts: string[]): Question {
  const applied = applyWhatIfs(question, texts)
  if (applied.kind === 'wrong') throw new Error(applied.faults.map(({ description }) => description).join('; '))
  return applied.question
}

function fault(...texts: string[]): readonly string[] {
  const applied = applyWhatIfs(question, texts)
  return applied.kind === 'wrong' ? applied.faults.map(({ index, description }) => `${index}: ${description}`) : []
}

const priceOf = (of: Question, region: string, model: string): number | undefined =>
  of.catalogue.regions.find(({ name }) => name === region)?.prices.find(({ deviceModel }) => deviceModel === model)
    ?.usdPerUnitHour
const unitsOf = ({ input }: Question): object =>
  Object.fromEntries(
    input.capacity.map(({ region, classes }) => [region, classes.map((each) => [each.deviceModel, each.unitsFree])]),
  )

describe('what-ifs', () => {
  test('of prices change those that are meant, and a new one makes a region sell it', () => {
    expect(priceOf(asked('aws/* price x2'), 'aws/east', 't4')).toBe(20)
    expect(priceOf(asked('aws/* price x2'), 'onprem/lab', 'cpu')).toBe(0.5)
    expect(priceOf(asked('aws/* cpu price =3'), 'aws/east', 't4')).toBe(10)
    expect(priceOf(asked('aws/* cpu price =3'), 'aws/west', 'cpu')).toBe(3)
    expect(priceOf(asked('onprem/lab t4 price =1'), 'onprem/lab', 't4')).toBe(1)
    expect(fault('aws/* t4@spot price x2')).toEqual(['0: aws/* has no price of t4@spot that could change'])
    expect(fault('azure/* price x2')[0]).toContain('no region of catalogue test is meant by azure/*')
  })

  test('of links change the catalogue and what was measured, one way or both', () => {
    const link = (of: Question, from: string, to: string) =>
      of.catalogue.links.find((each) => each.from === from && each.to === to)
    const half = asked('aws/east -> onprem/lab bandwidth x0.5')
    expect(link(half, 'aws/east', 'onprem/lab')).toMatchObject({ mbitPerSecond: 50 })
    expect(link(half, 'onprem/lab', 'aws/east')).toMatchObject({ mbitPerSecond: 100 })
    expect(half.input.measuredLinks).toMatchObject([{ mbitPerSecond: 20, roundTripMs: 60 }])
    expect(link(asked('aws/* <-> * rtt =80'), 'onprem/lab', 'aws/west')).toMatchObject({ roundTripMs: 80 })
    expect(link(asked('* -> * egress x3'), 'aws/east', 'aws/west')!.egress).toMatchObject({
      tiers: [{ usdPerGb: 0.1 * 3 }],
    })
    expect(fault('aws/east -> aws/east rtt x2')[0]).toContain('has no link')
    expect(fault('aws/* -> * bandwidth =0')[0]).toContain('without bandwidth')
  })

  test('of units take away, add and invent devices', () => {
    expect(unitsOf(asked('aws/east cpu units =3'))).toMatchObject({
      'aws/east': [
        ['cpu', 3],
        ['t4', 2],
      ],
    })
    expect(unitsOf(asked('* cpu units x2'))).toMatchObject({
      'aws/east': [
        ['cpu', 16],
        ['t4', 2],
      ],
      'onprem/lab': [['cpu', 8]],
    })
    expect(unitsOf(asked('aws/east gone'))).toEqual({ 'onprem/lab': [['cpu', 4]] })
    expect(unitsOf(asked('aws/east t4 gone'))).toMatchObject({
      'aws/east': [
        ['cpu', 8],
        ['t4', 0],
      ],
    })
    expect(unitsOf(asked('aws/west cpu units =5'))).toMatchObject({ 'aws/west': [['cpu', 5]] })
    expect(fault('aws/west gone')[0]).toContain('has no agent')
    expect(fault('aws/west cpu units x2')[0]).toContain('set a number')
    expect(fault('azure/* cpu units =2')[0]).toContain('no region')
  })

  test('of speed change one model only, from wherever it is known', () => {
    const faster = asked('cpu speed x2')
    expect(faster.input.samplesPerSecond).toEqual({ cpu: 100 })
    const speedOf = (of: Question, model: string): number =>
      planOn({ ...of.input, spec: { ...of.input.spec, policy: 'use-everything' } }, of.catalogue)
        .partitions.flatMap(({ allocations }) => allocations)
        .find(({ deviceModel }) => deviceModel === model)!.samplesPerSecondPerUnit
    expect([speedOf(question, 'cpu'), speedOf(question, 't4')]).toEqual([50, 1000])
    expect([speedOf(faster, 'cpu'), speedOf(faster, 't4')]).toEqual([100, 1000])
    const set = asked('t4 speed =1500')
    expect([speedOf(set, 'cpu'), speedOf(set, 't4')]).toEqual([50, 1500])
    expect(fault('h100 speed x2')[0]).toContain('the catalogue has cpu, t4')
    expect(fault('cpu speed =0')[0]).toContain('above 0')
  })

  test('of the job set its objective, budget, policy, markets and model', () => {
    const { input } = asked('budget =20', 'deadline =6h', 'policy =use-everything', 'markets =spot', 'model-size x2')
    expect(input.spec).toMatchObject({
      budget: { usd: 20, actions: ['warn', 'lengthen', 'move', 'stop'] },
      objective: { kind: 'deadline', atMs: snapshot.nowMs + 6 * 3_600_000 },
      policy: 'use-everything',
      resources: { markets: ['spot'] },
    })
    expect(input.modelSize).toEqual({ updateBytes: 8e6, samplesPerStep: 32 })
    expect(asked('budget =20', 'budget x2').input.spec.budget?.usd).toBe(40)
    expect(asked('budget =20', 'budget =none').input.spec.budget).toBeNull()
    expect(asked('model-size =1MB/64').input.modelSize).toEqual({ updateBytes: 1e6, samplesPerStep: 64 })
    expect(fault('model-size =0MB')[0]).toContain('without bytes')
    const unknown = { ...question, input: { ...question.input, modelSize: null } }
    expect(applyWhatIfs(unknown, ['model-size =4MB/32'])).toMatchObject({
      question: { input: { modelSize: { updateBytes: 4e6, samplesPerStep: 32 } } },
    })
    expect(applyWhatIfs(unknown, ['model-size =4MB'])).toMatchObject({ kind: 'wrong' })
    expect(asked('slack =0.2').input.spec.objective).toEqual({ kind: 'least-cost', slack: 0.2 })
    expect(fault('budget x2')[0]).toContain('no budget')
  })

  test('of data let it move and share what a region has among its shards', () => {
    const { shards: moved } = asked('data onprem/lab may-move-to aws/*', 'data onprem/lab bytes =20GB').input.spec
    expect(moved.map(({ bytes, mayMoveTo }) => [bytes, mayMoveTo])).toEqual([
      [0, []],
      [5e9, ['aws/*']],
      [15e9, ['aws/*']],
    ])
    expect(asked('data * samples x2').input.spec.shards.map(({ samples }) => samples)).toEqual([6000, 1000, 3000])
    expect(fault('data aws/west stays')).toEqual([
      '0: the job has no data in aws/west; it has some in aws/east, onprem/lab',
    ])
  })

  test('apply in order, name everything that is wrong, and leave the question as it was', () => {
    const before = JSON.stringify(question)
    expect(fault('aws/east price x2', 'aws/east prize x2', 'nowhere gone')).toEqual([
      '1: at character 10: "prize" is nothing that can change there; did you mean price?',
      expect.stringContaining('2: no region'),
    ])
    expect(priceOf(asked('aws/east cpu price =3', 'aws/east price x2'), 'aws/east', 'cpu')).toBe(6)
    expect(priceOf(asked('aws/east price x2', 'aws/east cpu price =3'), 'aws/east', 'cpu')).toBe(3)
    expect(JSON.stringify(question)).toBe(before)
  })

  test('a catalogue that nobody has published has no hash; what leaves it alone keeps it', () => {
    expect(asked('aws/east price x2').input).toMatchObject({ catalogVersion: 'test+what-if', catalogHash: '' })
    expect(asked('aws/east gone').input).toMatchObject({ catalogVersion: 'test', catalogHash: catalogue.hash })
  })

  test('what they change is what the plan sees', () => {
    const costOf = (of: Question): number => planOn(of.input, of.catalogue).forecast!.totalUsd
    expect(costOf(asked('* price x2', '* -> * egress x2'))).toBeCloseTo(2 * costOf(question), 9)
    expect(planOn(asked('aws/east gone').input, catalogue)).toMatchObject({ outcome: 'waiting' })
    const moved = asked('aws/east gone', 'data aws/east may-move-to onprem/lab', 'data aws/east bytes =1GB')
    expect(planOn(moved.input, moved.catalogue)).toMatchObject({
      outcome: 'placed',
      movements: [{ from: 'aws/east', to: 'onprem/lab', bytes: 1e9 }],
    })
  })
})
