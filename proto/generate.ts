// Regenerates everything derived from proto/: TypeScript types and the descriptor set that the Python worker loads.
// `npm run generate`; test/architecture.test.ts fails when the result is stale.
import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

export function generate(typesFolder: string, descriptorFile: string): void {
  rmSync(typesFolder, { recursive: true, force: true })
  const files = readdirSync(join(root, 'proto/cloudless/v1'))
    .filter((name) => name.endsWith('.proto'))
    .sort()
  execFileSync(
    join(root, 'node_modules/.bin/proto-loader-gen-types'),
    [
      '--longs=Number',
      '--enums=String',
      '--defaults',
      '--oneofs',
      '--grpcLib=@grpc/grpc-js',
      '--targetFileExtension=.ts',
      '--importFileExtension=.ts',
      '--includeDirs=proto',
      `--outDir=${typesFolder}`,
      ...files.map((name) => `cloudless/v1/${name}`),
      'google/rpc/status.proto',
      'inference/grpc_service.proto',
    ],
    { cwd: root, stdio: 'inherit' },
  )
  execFileSync(
    join(root, 'node_modules/.bin/buf'),
    ['build', 'proto', '--path', 'proto/cloudless/v1/worker.proto', '-o', `${descriptorFile}#format=binpb`],
    { cwd: root, stdio: 'inherit' },
  )
}

if (import.meta.main) {
  generate(join(root, 'proto/generated'), join(root, 'physical-plane/worker/cloudless/worker.binpb'))
}
