// What a message weighs on the wire: its protobuf encoding, gRPC's prefix and HTTP/2's frame headers. TCP's and IP's own
// headers are not counted; they depend on the path. The sender pays for these bytes, so both sides count them alike.
import type { WatchPeerResponse } from '#proto/generated/cloudless/v1/WatchPeerResponse.ts'
import { messageDefinition } from '#proto/rpc/load.ts'

const grpcPrefixBytes = 5
const frameHeaderBytes = 9
/** The size of a frame unless a receiver asks for another; ours do not. */
const frameBytes = 16_384
/** Tags and varints around the data of a chunk, and its CRC-32. */
const chunkFieldsBytes = 22

const watchResponse = messageDefinition<WatchPeerResponse, object>('cloudless.v1.WatchPeerResponse')

export function watchBytes(message: WatchPeerResponse): number {
  return framed(watchResponse.serialize(message).length)
}

export function chunkWireBytes(dataBytes: number): number {
  return framed(dataBytes + chunkFieldsBytes)
}

function framed(messageBytes: number): number {
  const bytes = grpcPrefixBytes + messageBytes
  return bytes + frameHeaderBytes * Math.ceil(bytes / frameBytes)
}
