// Whether a call of another region belongs here: the same job, the same version, this region meant, and the caller one of
// the job's regions. A parameter server's address may be given to another process, so nothing of it is taken for granted.
import { CloudlessError, invalid } from '#runtime/errors.ts'
import { protocolVersion } from './config.ts'
import type { PeerSide } from './peer-side.ts'

export type Call = {
  readonly jobId: string
  /** The region that calls. */
  readonly region: string
  /** The region that is asked. */
  readonly fromRegion: string
  readonly protocolVersion: number
}

/** Throws a `CloudlessError` that names what is wrong; `field` is where the call's fields are in the message. */
export function admit(call: Call, side: Pick<PeerSide, 'region' | 'members'>, jobId: string, field: string): void {
  if (call.protocolVersion !== protocolVersion) {
    const text = `region ${call.region} speaks protocol version ${call.protocolVersion}, region ${side.region} speaks ${protocolVersion}; run one version of cloudless everywhere`
    throw new CloudlessError('conflict', 'WRONG_PROTOCOL_VERSION', text)
  }
  if (call.jobId !== jobId) {
    throw new CloudlessError('conflict', 'WRONG_JOB', `this parameter server trains job ${jobId}, not "${call.jobId}"`)
  }
  if (call.fromRegion !== side.region) {
    const text = `this parameter server is region ${side.region}, not "${call.fromRegion}"; the address is out of date`
    throw new CloudlessError('conflict', 'WRONG_REGION', text)
  }
  if (!side.members.has(call.region) || call.region === side.region) {
    const description = `"${call.region}" is not another region of the job; they are ${side.members.all.join(', ')}`
    throw invalid([{ field: `${field}region`, description }])
  }
}
