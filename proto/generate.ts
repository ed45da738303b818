// Regenerates everything derived from proto/: TypeScript types and the descriptor sets that Python loads.
// `npm run generate`; test/architecture.test.ts fails when the result is stale.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** Of each descriptor set, with its imports: where it lies below the Python package. */
export const descriptorSets = {
  'worker.binpb': 'cloudless/v1/worker.proto',
  'serve/inference.binpb': 'inference/grpc_service.proto',
} as const

export function generate(typesFolder: string, packageFolder: string): void {
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
  for (const [file, source] of Object.entries(descriptorSets)) {
    const path = join(packageFolder, file)
    mkdirSync(dirname(path), { recursive: true })
    execFileSync(
      join(root, 'node_modules/.bin/buf'),
      ['build', 'proto', '--path', `proto/${source}`, '-o', `${path}#format=binpb`],
      { cwd: root, stdio: 'inherit' },
    )
  }
}

if (import.meta.main) {
  generate(join(root, 'proto/generated'), join(root, 'physical-plane/worker/cloudless'))
}
