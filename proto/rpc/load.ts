// The contract at run time: the .proto files themselves, with the options that proto/generate.ts uses for the types.
import { join } from 'node:path'
import {
  loadSync,
  type MessageTypeDefinition,
  type PackageDefinition,
  type ServiceDefinition,
} from '@grpc/proto-loader'
import { assert } from '#runtime/assert.ts'

const files = ['catalog', 'cost', 'data', 'fleet', 'history', 'instance', 'job', 'peer', 'plan', 'region', 'worker']

/** Immutable, and read once: decoding it for every connection would cost 30 ms each. */
export const contract: PackageDefinition = loadSync(
  [...files.map((name) => `cloudless/v1/${name}.proto`), 'google/rpc/status.proto'],
  {
    keepCase: false,
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
    includeDirs: [join(import.meta.dirname, '..')],
  },
)

export function serviceDefinition(name: string): ServiceDefinition {
  const found = contract[name]
  assert(found !== undefined, `the contract has no service ${name}`)
  assert(!('format' in found), `${name} is a message, not a service`)
  return found
}

export function messageDefinition<Input, Output>(name: string): MessageTypeDefinition<Input, Output> {
  const found = contract[name]
  assert(found !== undefined, `the contract has no message ${name}`)
  assert('serialize' in found, `${name} is not a message`)
  return found as unknown as MessageTypeDefinition<Input, Output>
}
