// What a share of a GPU is worth to those who are to be expected. Cutting GPUs into the expected shares with the least waste is
// the cutting-stock problem; its dual gives each size a price in GPUs, such that no GPU can be cut into more than one GPU's
// worth. 810 thousandths cost a whole GPU where too few small shares come to fill the other 190; those then cost nothing.
// Solved by Gilmore and Gomory's column generation (Operations Research 9, 1961): the simplex method on the inverse of the basis,
// with a knapsack that finds the next way of cutting.
import { assert } from '#runtime/assert.ts'
import { wholeGpuMilli } from './node-state.ts'

export type SizeDemand = { readonly milli: number; readonly count: number }
export type SizePrice = { readonly milli: number; readonly gpus: number }

const tolerance = 1e-9
const pivotsMaxPerSize = 200

export function sharePrices(demands: readonly SizeDemand[]): readonly SizePrice[] {
  const sizes = demands.map(({ milli }) => milli)
  // Each row of the basis begins as the way to cut that takes one size only.
  const inverse = sizes.map((milli, row) =>
    sizes.map((_, at) => (at === row ? 1 / Math.floor(wholeGpuMilli / milli) : 0)),
  )
  const used = demands.map(({ milli, count }) => count / Math.floor(wholeGpuMilli / milli))
  for (let pivots = 0; pivots < pivotsMaxPerSize * sizes.length; pivots += 1) {
    const prices = sizes.map((_, at) => inverse.reduce((sum, row) => sum + row[at]!, 0))
    const cut = bestCut(sizes, prices)
    if (cut.worth <= 1 + tolerance) return sizes.map((milli, at) => ({ milli, gpus: Math.max(0, prices[at]!) }))
    enter(inverse, used, cut.counts)
  }
  throw new Error(`no prices of ${sizes.length} sizes after ${pivotsMaxPerSize} pivots a size`)
}

/** What a GPU with so many thousandths left is worth at the prices, cut at its best; by thousandth, from 0 to 1,000. */
export function worthByFree(prices: readonly SizePrice[]): Float64Array {
  const worth = new Float64Array(wholeGpuMilli + 1)
  for (let free = 1; free <= wholeGpuMilli; free += 1) {
    let most = worth[free - 1]!
    for (const { milli, gpus } of prices) if (milli <= free) most = Math.max(most, gpus + worth[free - milli]!)
    worth[free] = most
  }
  return worth
}

function bestCut(
  sizes: readonly number[],
  prices: readonly number[],
): { readonly worth: number; readonly counts: readonly number[] } {
  const worth = new Float64Array(wholeGpuMilli + 1)
  const taken = new Int32Array(wholeGpuMilli + 1).fill(-1)
  for (let free = 1; free <= wholeGpuMilli; free += 1) {
    worth[free] = worth[free - 1]!
    for (const [at, milli] of sizes.entries()) {
      if (milli > free || prices[at]! + worth[free - milli]! <= worth[free]! + tolerance) continue
      worth[free] = prices[at]! + worth[free - milli]!
      taken[free] = at
    }
  }
  const counts = sizes.map(() => 0)
  for (let free = wholeGpuMilli; free > 0;) {
    const at = taken[free]!
    if (at < 0) free -= 1
    else {
      counts[at]! += 1
      free -= sizes[at]!
    }
  }
  return { worth: worth[wholeGpuMilli]!, counts }
}

/** The new way of cutting replaces the row that reaches zero first; ties go to the first row. */
function enter(inverse: number[][], used: number[], counts: readonly number[]): void {
  const direction = inverse.map((row) => row.reduce((sum, value, at) => sum + value * counts[at]!, 0))
  let leaving = -1
  for (const [row, step] of direction.entries()) {
    if (step <= tolerance) continue
    if (leaving < 0 || used[row]! / step < used[leaving]! / direction[leaving]! - tolerance) leaving = row
  }
  assert(leaving >= 0, 'every way of cutting is bounded by one GPU')
  const pivot = direction[leaving]!
  const base = inverse[leaving]!.map((value) => value / pivot)
  const amount = used[leaving]! / pivot
  for (const [row, step] of direction.entries()) {
    if (row === leaving) continue
    inverse[row] = inverse[row]!.map((value, at) => value - step * base[at]!)
    used[row] = Math.max(0, used[row]! - step * amount)
  }
  inverse[leaving] = base
  used[leaving] = amount
}
