// `cloudless catalog dataset s3://bucket/prefix`: what a job file needs to know of data in an object store, asked of the cloud.
import { Command } from 'commander'
import type { Dataset } from '#regions/adapter.ts'
import { invalid } from '#runtime/errors.ts'
import type { Run } from '../../context.ts'
import { exitCodes } from '../../exit-codes.ts'
import { formatBytes, formatCount } from '../../units.ts'

export function catalogDatasetCommand(run: Run): Command {
  return new Command('dataset')
    .description('count the objects and bytes of a data set in an object store, and find its region')
    .argument('<uri>', 's3://bucket/prefix or cos://bucket-appid/prefix')
    .option('--region <name>', 'where the bucket lies, for example tencent/ap-shanghai; S3 finds it by itself')
    .action(
      run(async (context, uri: string, options: { readonly region?: string }) => {
        const { readObjectAddress } = await import('#regions/cloud/object-address.ts')
        const read = readObjectAddress(uri)
        if (read.kind === 'wrong')
          throw invalid([{ field: 'uri', description: `${JSON.stringify(uri.slice(0, 80))} ${read.because}` }])
        const { openAdapter } = await import('#regions/open-adapter.ts')
        const adapter = openAdapter(read.address.scheme === 's3' ? 'aws' : 'tencent', context)
        try {
          const region = options.region ?? null
          const dataset = await adapter.listDataset({ uri, region, signal: context.signal })
          context.output.result(dataset, () => render(dataset))
        } finally {
          adapter.close()
        }
        return exitCodes.ok
      }),
    )
}

function render({ uri, region, objects, bytes, truncated }: Dataset): string {
  const atLeast = truncated ? 'at least ' : ''
  if (objects === 0) return `${uri} in ${region} has no objects`
  return [
    uri,
    `  region   ${region}`,
    `  objects  ${atLeast}${formatCount(objects)}`,
    `  bytes    ${atLeast}${bytes} (${formatBytes(bytes)})`,
  ].join('\n')
}
