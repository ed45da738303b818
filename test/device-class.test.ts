// Both planes name device classes alike, although neither imports the other.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { classKey } from '#control-plane/model/device-class.ts'
import { classKeyOf } from '#physical-plane/agent/purchase.ts'

test('an agent meters a device under the name that the plan has for its class', () => {
  const word = fc.constantFrom('', 'us-east-1a', 'g4dn.xlarge')
  const market = fc.constantFrom('on-demand' as const, 'spot' as const)
  const anyClass = fc.record({
    deviceModel: fc.constantFrom('cpu', 'nvidia-t4'),
    market,
    zone: word,
    instanceType: word,
  })
  fc.assert(
    fc.property(anyClass, (each) => {
      expect(classKeyOf(each.deviceModel, each)).toBe(classKey(each))
    }),
  )
})
