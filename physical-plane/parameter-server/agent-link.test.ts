import { describe, expect, test } from 'vitest'
import type { AttachRequest } from '#proto/generated/cloudless/v1/AttachRequest.ts'
import type { AttachResponse__Output } from '#proto/generated/cloudless/v1/AttachResponse.ts'
import { AsyncQueue } from '#runtime/async-queue.ts'
import { silentLog } from '#runtime/log.ts'
import { seededRandom } from '#runtime/random.ts'
import { AgentLink } from './agent-link.ts'
import { Cluster } from './cluster.fixture.ts'
import { aLayout, sync, wholeGradients } from './partition.fixture.ts'

/** An agent that journals what it hears; each stream can be broken off. */
class Agent {
  readonly heard: AttachRequest[] = []
  readonly answers: AsyncQueue<AttachResponse__Output>[] = []

  async *attach(requests: AsyncIterable<AttachRequest>): AsyncGenerator<AttachResponse__Output> {
    const answers = new AsyncQueue<AttachResponse__Output>({ limit: 100 })
    this.answers.push(answers)
    void this.#listen(requests)
    yield* answers
  }

  get current(): AsyncQueue<AttachResponse__Output> {
    return this.answers.at(-1)!
  }

  acknowledge(count: number): void {
    this.current.offer({ recordsAck: { count }, message: 'recordsAck' })
  }

  roundNumbers(): readonly unknown[] {
    return this.heard.flatMap(({ round }) => (round === null || round === undefined ? [] : [round.number]))
  }

  lastPhase(): unknown {
    return this.heard.findLast(({ status }) => status !== undefined)?.status?.progress?.phase
  }

  async #listen(requests: AsyncIterable<AttachRequest>): Promise<void> {
    for await (const request of requests) this.heard.push(request)
  }
}

describe('the link to the agent', () => {
  test('tells records again until they are acknowledged, and FINISHED only after the last of them', async () => {
    const cluster = await Cluster.open({
      regions: [
        { name: 'a', samples: 8 },
        { name: 'b', samples: 8 },
      ],
      // One update at the end, and the last round.
      sync: sync('asgd-ga', { interval: 16 }),
      layout: aLayout(2),
      initial: [1, 2],
      gradientOf: wholeGradients,
      learningRate: 0.5,
    })
    const partition = cluster.at('a')
    await cluster.finish()
    const agent = new Agent()
    const link = new AgentLink({
      partition,
      jobId: 'job',
      instanceId: 'job/a/ps',
      attempt: 3,
      endpoint: 'a:1',
      workerEndpoint: 'unix:/w',
      client: agent,
      clock: cluster.clock,
      random: seededRandom(1),
      log: silentLog,
    })
    const life = new AbortController()
    const running = link.run(life.signal)
    await cluster.clock.advance(1500)
    expect(agent.heard[0]).toEqual({ hello: { instanceId: 'job/a/ps', attempt: 3, protocolVersion: 1 } })
    expect(agent.roundNumbers()).toEqual([1, 2])
    expect(agent.lastPhase()).toBe('PARTITION_PHASE_EVALUATING')
    agent.current.fail(new Error('the agent was killed'))
    await cluster.clock.advance(1500)
    expect(agent.roundNumbers()).toEqual([1, 2, 1, 2])
    agent.acknowledge(2)
    await cluster.clock.advance(10)
    expect(agent.lastPhase()).toBe('PARTITION_PHASE_FINISHED')
    expect(link.hasAcknowledgedEnd).toBe(false)
    agent.acknowledge(1)
    await cluster.clock.advance(10)
    expect(link.hasAcknowledgedEnd).toBe(true)
    life.abort()
    agent.current.end()
    await cluster.clock.advance(10)
    await running
  })

  test('hands directives of its own job on', async () => {
    const cluster = await Cluster.open({
      regions: [
        { name: 'a', samples: 8 },
        { name: 'b', samples: 8 },
      ],
      sync: sync('asgd'),
      layout: aLayout(2),
      initial: [1, 2],
      gradientOf: wholeGradients,
      learningRate: 0.5,
    })
    const partition = cluster.at('a')
    const agent = new Agent()
    const { clock } = cluster
    const own = { partition, jobId: 'job', instanceId: 'i', attempt: 1, endpoint: 'a:1', workerEndpoint: 'unix:/w' }
    const link = new AgentLink({ ...own, client: agent, clock, random: seededRandom(1), log: silentLog })
    const life = new AbortController()
    const running = link.run(life.signal)
    const book = (jobId: string, epoch: number, endpoint: string) => {
      const peers = [{ region: 'b', endpoint, dataShare: 0.5, pruned: false, place: '' }]
      agent.current.offer({
        directive: {
          addressBook: { jobId, epoch, peers, data: [], hub: 'b' },
          drain: false,
          interval: 0,
          intervalMin: 0,
        },
        message: 'directive',
      })
    }
    await clock.advance(1)
    book('other', 9, 'x:1')
    book('job', 2, 'b:2')
    book('job', 1, 'b:1')
    await clock.advance(1)
    expect(partition.members.book).toMatchObject({ epoch: 2, peers: [{ endpoint: 'b:2' }], hub: 'b' })
    life.abort()
    agent.current.end()
    await clock.advance(1)
    await running
  })
})
