import { describe, expect, test } from 'vitest'
import { silentLog } from '#runtime/log.ts'
import { settle, VirtualClock } from '#runtime/virtual-clock.ts'
import { taskRetryMaxMs, taskRetryMs } from './config.ts'
import { Tasks } from './tasks.ts'

function someTasks() {
  const clock = new VirtualClock()
  let changes = 0
  const tasks = new Tasks(clock, silentLog, () => (changes += 1))
  return { clock, tasks, changes: () => changes }
}

describe('a task', () => {
  test('runs once at a time, and whoever asked looks again when it is done', async () => {
    const { tasks, changes } = someTasks()
    const { promise, resolve } = Promise.withResolvers<void>()
    let runs = 0
    const work = (): Promise<void> => {
      runs += 1
      return promise
    }
    tasks.start('fetch x', work)
    tasks.start('fetch x', work)
    expect([runs, tasks.isRunning('fetch x'), tasks.mayStart('fetch x'), changes()]).toEqual([1, true, false, 0])
    resolve()
    await settle()
    expect([tasks.isRunning('fetch x'), tasks.mayStart('fetch x'), changes()]).toEqual([false, true, 1])
  })

  test('that failed may be tried again after a pause that doubles, not before', async () => {
    const { clock, tasks, changes } = someTasks()
    let runs = 0
    const work = (): Promise<void> => {
      runs += 1
      return runs < 3 ? Promise.reject(new Error('gone')) : Promise.resolve()
    }
    tasks.start('fetch x', work)
    await settle()
    expect([changes(), tasks.nextAtMs]).toEqual([1, taskRetryMs])
    tasks.start('fetch x', work)
    expect(runs).toBe(1)
    for (const [expected, pauseMs] of [
      [2, taskRetryMs],
      [3, 2 * taskRetryMs],
    ] as const) {
      await clock.advance(pauseMs - 1)
      tasks.start('fetch x', work)
      expect(runs).toBe(expected - 1)
      await clock.advance(1)
      tasks.start('fetch x', work)
      await settle()
      expect(runs).toBe(expected)
    }
    expect(tasks.nextAtMs).toBe(Number.POSITIVE_INFINITY)
  })

  test('that fails for ever is tried at a bounded pace, and from the first pause again once it worked', async () => {
    const { clock, tasks } = someTasks()
    let isBroken = true
    const work = (): Promise<void> => (isBroken ? Promise.reject(new Error('gone')) : Promise.resolve())
    const pauseMs = async (): Promise<number> => {
      tasks.start('fetch x', work)
      await settle()
      return tasks.nextAtMs - clock.monotonicMs()
    }
    const pauses: number[] = []
    for (let run = 0; run < 7; run += 1) {
      pauses.push(await pauseMs())
      await clock.advance(pauses.at(-1)!)
    }
    expect(pauses).toEqual([500, 1000, 2000, 4000, taskRetryMaxMs, taskRetryMaxMs, taskRetryMaxMs])
    isBroken = false
    expect(await pauseMs()).toBe(Number.POSITIVE_INFINITY)
    isBroken = true
    expect(await pauseMs()).toBe(taskRetryMs)
  })

  test('that nobody starts again hides no later one from the clock', async () => {
    const { clock, tasks } = someTasks()
    const fail = () => Promise.reject(new Error('gone'))
    tasks.start('accept 1/2', fail)
    await settle()
    await clock.advance(taskRetryMs)
    // It is not wanted any more, and another one fails.
    tasks.start('commit 2', fail)
    await settle()
    expect(tasks.nextAtMs).toBe(2 * taskRetryMs)
    expect(tasks.mayStart('accept 1/2')).toBe(true)
  })

  test('that is not wanted any more is aborted by its name, without a pause', async () => {
    const { tasks } = someTasks()
    const aborted: string[] = []
    const until = (name: string) => (signal: AbortSignal) =>
      new Promise<void>((_, reject) => {
        signal.addEventListener('abort', () => {
          aborted.push(name)
          reject(signal.reason as Error)
        })
      })
    for (const name of ['fetch x', 'fetch y', 'accept 1/2']) tasks.start(name, until(name))
    tasks.stop('fetch')
    await settle()
    expect([aborted, tasks.isRunning('accept 1/2'), tasks.nextAtMs]).toEqual([
      ['fetch x', 'fetch y'],
      true,
      Number.POSITIVE_INFINITY,
    ])
    expect(tasks.mayStart('fetch x')).toBe(true)
    tasks.stop()
    await settle()
    expect(aborted).toHaveLength(3)
  })
})
