// What agents report beside the state of instances: history that is only ever added to.

/** One inter-region synchronisation as one region saw it. */
export type Round = {
  readonly jobId: string
  readonly region: string
  readonly number: number
  readonly members: readonly string[]
  readonly bytesSent: number
  readonly bytesReceived: number
  readonly seconds: number
  readonly atMs: number
  readonly replicaHash: string
}

export type Evaluation = {
  readonly jobId: string
  readonly region: string
  readonly epoch: number
  readonly metrics: Readonly<Record<string, number>>
  readonly isFinal: boolean
  readonly atMs: number
}

export type InstanceEvent = {
  readonly jobId: string
  readonly instanceId: string
  readonly attempt: number
  readonly kind: string
  readonly text: string
  readonly atMs: number
}
