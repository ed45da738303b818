// What a parameter server offers to those of other regions: a watch on what it has to say, and what that names to be
// fetched. The receiver of tensors is the client, because only a client can raise its HTTP/2 window.
import type { PeerServiceHandlers } from '#proto/generated/cloudless/v1/PeerService.ts'
import type { Implementation } from '#proto/rpc/service.ts'
import type { Log } from '#runtime/log.ts'
import type { PeerSide } from './peer-side.ts'
import { serveFetch } from './serve-fetch.ts'
import { serveWatch } from './serve-watch.ts'

export type PeerServiceOptions = {
  readonly side: Pick<
    PeerSide,
    'region' | 'members' | 'changed' | 'shelf' | 'status' | 'updateAfter' | 'acknowledge' | 'sent' | 'called'
  >
  readonly jobId: string
  readonly log: Log
}

export function createPeerService(options: PeerServiceOptions): Implementation<PeerServiceHandlers> {
  const watches = new Map<string, AbortController>()
  const fetches = new Map<string, number>()
  return {
    watchPeer: (requests, call) => serveWatch(options, watches, requests, call.signal),
    fetch: (request, call) => serveFetch(options, fetches, request, call.signal),
  }
}
