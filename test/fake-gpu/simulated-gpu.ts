// The three models of the fake GPU once more, in the plainest way that is right: small steps of time instead of events, so that
// it shares no arithmetic with driver/model.c, which it is compared with.
import { assert } from '#runtime/assert.ts'
import type { FakeGpuModel } from './fake-gpu.ts'

export type SimulatedKernel = {
  readonly client: number
  readonly stream: number
  readonly workNs: number
  readonly demandMilli: number
}

type Running = { readonly kernel: SimulatedKernel; readonly index: number; leftNs: number }

const stepNs = 1
const endNs = 1e7

/** All kernels are launched at 0, in this order; answers when each is done. */
export function simulate(model: FakeGpuModel, quantumNs: number, kernels: readonly SimulatedKernel[]): number[] {
  const waiting: Running[] = kernels.map((kernel, index) => ({ kernel, index, leftNs: kernel.workNs }))
  const doneNs: number[] = kernels.map(() => Number.NaN)
  let turn = { client: -1, leftNs: 0 }
  let begun: Running | null = null
  for (let now = 0; waiting.length > 0; now += stepNs) {
    assert(now < endNs, 'the simulated kernels do not end')
    const heads = waiting.filter((one) => waiting.find((other) => other.kernel.stream === one.kernel.stream) === one)
    let running = heads
    if (model === 'fifo') {
      begun = begun !== null && heads.includes(begun) ? begun : heads[0]!
      running = [begun]
    } else if (model === 'round-robin') {
      turn = nextTurn(turn, quantumNs, heads)
      running = heads.filter(({ kernel }) => kernel.client === turn.client)
      turn.leftNs -= stepNs
    }
    const demanded = running.reduce((sum, { kernel }) => sum + kernel.demandMilli, 0)
    for (const one of running) {
      const { demandMilli } = one.kernel
      const milli = demanded > 1000 ? (demandMilli * 1000) / demanded : demandMilli
      one.leftNs -= (stepNs * milli) / Math.min(demandMilli, 1000)
      if (one.leftNs > 1e-6) continue
      doneNs[one.index] = now + stepNs
      waiting.splice(waiting.indexOf(one), 1)
    }
  }
  return doneNs
}

function nextTurn(
  turn: { client: number; leftNs: number },
  quantumNs: number,
  heads: readonly Running[],
): { client: number; leftNs: number } {
  const clients = [...new Set(heads.map(({ kernel }) => kernel.client))].sort((a, b) => a - b)
  if (clients.includes(turn.client) && turn.leftNs > 0) return turn
  const client = clients.find((one) => one > turn.client) ?? clients[0]!
  return { client, leftNs: quantumNs }
}
