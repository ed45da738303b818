// What a request of a function is told that is not answered: in one place, so that all say it in one way.
import type { Asked } from './asked.ts'
import { GatewayFault } from './fault.ts'
import type { InferBody } from './infer.ts'

export function refused(name: string, because: string, retryAfterMs: number, isCold: boolean): GatewayFault {
  return new GatewayFault(isCold ? 'cold' : 'overloaded', `${name} takes no more: ${because}`, { retryAfterMs })
}

export function givenUp(name: string, retryAfterMs: number): GatewayFault {
  const because = `the line took longer than expected, and its objective can not be kept any more`
  return new GatewayFault('overloaded', `${name} gives up: ${because}`, { retryAfterMs })
}

export function expired(name: string, { arrivedAtMs, deadlineMs }: Asked, where: string): GatewayFault {
  const ms = (deadlineMs - arrivedAtMs).toFixed(0)
  return new GatewayFault('expired', `${name} did not answer within ${ms} ms: ${where}`)
}

export function lost(instanceId: string, { isRetried }: Asked, because: string): GatewayFault {
  const before = isRetried ? `, as another one before it` : ''
  return new GatewayFault('instance-died', `instance ${instanceId} was lost with the request${before}: ${because}`)
}

export function mute(name: string, protocol: InferBody['protocol']): GatewayFault {
  return new GatewayFault('cold', `instances of ${name} do not answer over ${protocol}; ask over the other protocol`)
}

export function deleted(name: string): GatewayFault {
  return new GatewayFault('unknown', `${name} was deleted while the request waited`)
}
