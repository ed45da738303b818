// Tencent Cloud's CVM metadata. A spot instance that will be taken back finds the time under spot/termination-time, as
// wall-clock time of UTC+8 without saying so; before that there is nothing under that address.
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { Purchase } from '../purchase.ts'
import { ask } from './ask.ts'
import type { MachineMetadata } from './machine-metadata.ts'

export function tencentMetadata(address: string, clock: Clock): MachineMetadata {
  const read = (path: string): Promise<string | null> => ask({ url: `${address}/latest/meta-data/${path}` }, clock)
  return {
    purchase: async (): Promise<Purchase> => {
      const charge = (await read('payment/charge-type')) ?? ''
      return {
        market: charge.toUpperCase().startsWith('SPOT') ? 'spot' : 'on-demand',
        zone: (await read('placement/zone')) ?? '',
        instanceType: (await read('instance/instance-type')) ?? '',
      }
    },
    endsAtMs: async () => {
      const text = await read('spot/termination-time')
      return text === null || text === '' ? null : endOf(text)
    },
  }
}

function endOf(text: string): number {
  const found = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})$/.exec(text)
  const atMs = found === null ? Number.NaN : Date.parse(`${found[1]}T${found[2]}+08:00`)
  if (Number.isFinite(atMs)) return atMs
  const why = `spot/termination-time is ${JSON.stringify(text.slice(0, 200))}, not a time such as 2018-08-18 12:05:33`
  throw new CloudlessError('unavailable', 'STRANGE_METADATA', why)
}
