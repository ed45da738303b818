// One request of a function, from its arrival to its end.
import type { GatewayFault } from './fault.ts'
import type { InferBody } from './infer.ts'
import type { InstanceAnswer } from './instance-client.ts'
import type { InstanceSlot } from './instance-slot.ts'

export type AskListener = {
  readonly onAnswer: (answer: InstanceAnswer, instanceId: string) => void
  readonly onFault: (fault: GatewayFault) => void
}

export type Asked = {
  readonly body: InferBody
  readonly bytes: number
  readonly arrivedAtMs: number
  readonly deadlineMs: number
  readonly wishedId: string | null
  readonly listener: AskListener
  slot: InstanceSlot | null
  sentAtMs: number
  takeBack: (() => void) | null
  /** The instance that failed it last: another one gets it, if there is one. */
  failedAt: string
  /** It came while nobody answered: that it is late is not the line's doing. */
  readonly isCold: boolean
  /** An instance was lost with it, once. */
  isRetried: boolean
  isOver: boolean
}

export type Arrival = Pick<Asked, 'body' | 'arrivedAtMs' | 'deadlineMs' | 'wishedId' | 'listener' | 'isCold'>

export function newlyAsked(arrival: Arrival): Asked {
  return {
    ...arrival,
    bytes: arrival.body.bytes.length,
    slot: null,
    sentAtMs: 0,
    takeBack: null,
    failedAt: '',
    isRetried: false,
    isOver: false,
  }
}

/** A wrong request is no failure of who refuses it. */
export function isFailure({ httpStatus, grpcStatus }: InstanceAnswer): boolean {
  const wrongRequest = [3, 5, 9, 11, 12]
  return httpStatus >= 500 || (grpcStatus !== 0 && !wrongRequest.includes(grpcStatus))
}

/** What the instance says when its model had the request for as long as it was to wait. */
export function isOutOfTime({ httpStatus, grpcStatus }: InstanceAnswer): boolean {
  return httpStatus === 504 || grpcStatus === 4
}
