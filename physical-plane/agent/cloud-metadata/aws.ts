// EC2's instance metadata service, version 2: every question carries a session token that a PUT has asked for. A spot
// instance that will be interrupted finds an action and its time under spot/instance-action, about two minutes before.
import { z } from 'zod'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { Purchase } from '../purchase.ts'
import { ask } from './ask.ts'
import { tokenRenewMs, tokenSeconds } from './config.ts'
import type { MachineMetadata } from './machine-metadata.ts'

const actionSchema = z.object({ action: z.string(), time: z.string() })

export function awsMetadata(address: string, clock: Clock): MachineMetadata {
  let token: { readonly text: string; readonly atMs: number } | null = null
  const tokenNow = async (): Promise<string> => {
    if (token !== null && clock.monotonicMs() - token.atMs < tokenRenewMs) return token.text
    const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': String(tokenSeconds) }
    const text = (await ask({ url: `${address}/latest/api/token`, method: 'PUT', headers }, clock)) ?? ''
    token = { text, atMs: clock.monotonicMs() }
    return text
  }
  const read = async (path: string): Promise<string | null> => {
    const headers = { 'x-aws-ec2-metadata-token': await tokenNow() }
    try {
      return await ask({ url: `${address}/latest/meta-data/${path}`, headers }, clock)
    } catch (error) {
      // It may be the token that is refused.
      token = null
      throw error
    }
  }
  return {
    purchase: async (): Promise<Purchase> => ({
      market: (await read('instance-life-cycle')) === 'spot' ? 'spot' : 'on-demand',
      zone: (await read('placement/availability-zone')) ?? '',
      instanceType: (await read('instance-type')) ?? '',
    }),
    endsAtMs: async () => {
      const text = await read('spot/instance-action')
      return text === null ? null : endOf(text)
    },
  }
}

function endOf(text: string): number {
  let action: unknown = null
  try {
    action = JSON.parse(text)
  } catch {
    // Refused below, with the text.
  }
  const found = actionSchema.safeParse(action)
  const atMs = found.success ? Date.parse(found.data.time) : Number.NaN
  if (Number.isFinite(atMs)) return atMs
  const why = `spot/instance-action is ${JSON.stringify(text.slice(0, 200))}, which names no time`
  throw new CloudlessError('unavailable', 'STRANGE_METADATA', why)
}
