// What an instance says beside its answer over gRPC, passed on to the client: all but what belongs to the connection that it came by.
import { Metadata } from '@grpc/grpc-js'
import type { MetadataEntry } from './instance-client.ts'

/** Of the connection, or of a call on it. */
const ofTransport = new Set(['content-type', 'user-agent', 'date', 'server', 'te', 'trailer', 'via', 'accept-encoding'])
/** As many as a server of Node takes headers of. */
const entriesMax = 64

export function entriesOf(metadata: Metadata): readonly MetadataEntry[] {
  // Own fields of a few: most answers have none but the transport's.
  const keys = Object.keys(metadata.getMap()).filter(
    (key) => !ofTransport.has(key) && (!key.startsWith('grpc-') || key === 'grpc-retry-pushback-ms'),
  )
  return keys.slice(0, entriesMax).map((key) => ({ key, values: metadata.get(key) }))
}

export function metadataOf(entries: readonly MetadataEntry[]): Metadata {
  const metadata = new Metadata()
  for (const { key, values } of entries) for (const value of values) metadata.add(key, value)
  return metadata
}
