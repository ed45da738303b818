// Connections to data servers as gRPC makes them, with the windows that parameter servers use between each other.
import type { DataServiceHandlers } from '#proto/generated/cloudless/v1/DataService.ts'
import { openClient } from '#proto/rpc/client.ts'
import type { Clock } from '#runtime/clock.ts'
import { channelWindowBytes, fetchMessageBytesMax } from '#physical-plane/parameter-server/peers/config.ts'
import { checkAddress } from '#physical-plane/parameter-server/peers/open-peer.ts'
import type { OpenDataServer } from './fetch-source.ts'

export function dataServerOpener(clock: Clock): OpenDataServer {
  return (endpoint) => {
    checkAddress(endpoint)
    return openClient<DataServiceHandlers>('cloudless.v1.DataService', endpoint, {
      clock,
      windowBytes: channelWindowBytes,
      messageBytesMax: fetchMessageBytesMax,
    })
  }
}
