import { describe, expect, test } from 'vitest'
import { seededRandom } from '#runtime/random.ts'
import { classes, pixels, type Images } from './images.ts'
import { accuracyOf, addGradient, elements, initialValues, layoutOf } from './network.ts'

const random = seededRandom(7)

function someImages(count: number): Images {
  const values = Float32Array.from({ length: count * pixels }, () => 2 * random.next() - 1)
  return { count, values, labels: Uint8Array.from({ length: count }, () => random.integer(classes)) }
}

describe('the small network', () => {
  test('has the elements of its layout', () => {
    expect(layoutOf(0.1).tensors.reduce((sum, { length }) => sum + length, 0)).toBe(elements)
  })

  test('has the gradient of its loss', () => {
    const images = someImages(5)
    const values = initialValues(random)
    const gradient = new Float32Array(elements)
    const chosen = [0, 1, 2, 3, 4]
    addGradient(values, images, chosen, gradient)
    const scratch = new Float32Array(elements)
    const lossAt = (at: number, change: number): number => {
      const moved = values.slice()
      moved[at]! += change
      return addGradient(moved, images, chosen, scratch)
    }
    for (const at of [0, 1234, pixels * 32 + 3, elements - 200, elements - 1]) {
      const slope = (lossAt(at, 1e-2) - lossAt(at, -1e-2)) / 2e-2
      expect(gradient[at]).toBeCloseTo(slope, 3)
    }
  })

  test('learns a handful of images by heart', () => {
    const images = someImages(20)
    const values = initialValues(random)
    const chosen = Array.from({ length: 20 }, (_, index) => index)
    for (let step = 0; step < 300; step++) {
      const gradient = new Float32Array(elements)
      addGradient(values, images, chosen, gradient)
      for (let i = 0; i < elements; i++) values[i]! -= 0.5 * gradient[i]!
    }
    expect(accuracyOf(values, images)).toBe(1)
  })
})
