// Connections between parameter servers as gRPC makes them: each channel a connection of its own, with an HTTP/2 window
// above whatever is in flight on it. grpc-js would keep 64 KiB, which is 3 Mbit/s at 150 ms.
import type { PeerServiceHandlers } from '#proto/generated/cloudless/v1/PeerService.ts'
import { openClient } from '#proto/rpc/client.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import type { OpenPeer } from './channels.ts'
import { channelWindowBytes, fetchMessageBytesMax, watchMessageBytesMax } from './config.ts'

export function peerOpener(clock: Clock): OpenPeer {
  return (endpoint, channel) => {
    checkAddress(endpoint)
    return openClient<PeerServiceHandlers>('cloudless.v1.PeerService', endpoint, {
      clock,
      windowBytes: channelWindowBytes,
      messageBytesMax: channel === 0 ? watchMessageBytesMax : fetchMessageBytesMax,
    })
  }
}

/** It may come from another region, and gRPC would also dial files and resolvers that it names. */
export function checkAddress(endpoint: string): void {
  if (/^(\[[0-9a-fA-F:]+\]|(?!unix:|dns:)[A-Za-z0-9._-]+):\d{1,5}$/.test(endpoint)) return
  const text = `"${endpoint.slice(0, 64)}" is no address; it must be host:port`
  throw new CloudlessError('invalid', 'BAD_ADDRESS', text)
}
