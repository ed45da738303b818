// What a data server or stager tells its agent, every second, and what it hears: where others listen. The process goes on
// without its agent; when the stream breaks it is opened again.
import type { AttachRequest } from '#proto/generated/cloudless/v1/AttachRequest.ts'
import type { AddressBook__Output } from '#proto/generated/cloudless/v1/AddressBook.ts'
import type { InstanceServiceHandlers } from '#proto/generated/cloudless/v1/InstanceService.ts'
import type { InstanceStatus } from '#proto/generated/cloudless/v1/InstanceStatus.ts'
import { openClient } from '#proto/rpc/client.ts'
import { AsyncQueue } from '#runtime/async-queue.ts'
import type { Clock } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { Random } from '#runtime/random.ts'
import { BackOff } from '#physical-plane/parameter-server/back-off.ts'
import { protocolVersion } from '#physical-plane/parameter-server/config.ts'
import { requestsMax, statusMs } from './config.ts'

export type InstanceReport = {
  readonly instanceId: string
  readonly attempt: number
  readonly agentSocket: string
  readonly status: () => InstanceStatus
  readonly onBook: (book: AddressBook__Output) => void
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** Until the signal is aborted; what the status is then is told as the last word. Never rejects. */
export async function reportToAgent(report: InstanceReport, signal: AbortSignal): Promise<void> {
  const { agentSocket, clock, random, log } = report
  const address = agentSocket.startsWith('unix:') ? agentSocket : `unix:${agentSocket}`
  const client = openClient<InstanceServiceHandlers>('cloudless.v1.InstanceService', address, { clock })
  const backOff = new BackOff(random)
  while (!signal.aborted) {
    const requests = new AsyncQueue<AttachRequest>({ limit: requestsMax })
    const { instanceId, attempt } = report
    requests.offer({ hello: { instanceId, attempt, protocolVersion } })
    const telling = tell(report, requests, signal)
    try {
      for await (const { directive } of client.attach(requests)) {
        backOff.reset()
        if (directive?.addressBook != null) report.onBook(directive.addressBook)
      }
    } catch (error) {
      if (!signal.aborted) log.warn({ error: messageOf(error) }, 'the link to the agent broke off')
    }
    requests.end()
    await telling
    if (!signal.aborted) await clock.sleep(backOff.nextMs(), signal)
  }
  client.close()
}

async function tell(report: InstanceReport, requests: AsyncQueue<AttachRequest>, signal: AbortSignal): Promise<void> {
  while (!requests.isClosed) {
    const isLast = signal.aborted
    requests.offer({ status: report.status() })
    if (isLast) return requests.end()
    await report.clock.sleep(statusMs, signal)
  }
}
