// The adapter of a cloud, as the environment says. Credentials and endpoints of AWS are looked up by its SDK; Tencent Cloud's SDK has no
// variables for its two sites, so they are ours.
import type { Clock } from '#runtime/clock.ts'
import { invalid } from '#runtime/errors.ts'
import type { Random } from '#runtime/random.ts'
import type { Adapter, AdapterId } from './adapter.ts'
import { openAws } from './aws/aws-adapter.ts'
import { sites, type Site } from './tencent/config.ts'
import { openTencent } from './tencent/tencent-adapter.ts'

export type AdapterOptions = {
  readonly clock: Clock
  readonly random: Random
  /** AWS_REGION says which of the three AWS; CLOUDLESS_TENCENT_SITE: mainland (the default) or international; CLOUDLESS_TENCENT_ENDPOINT: a URL in place of both. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

export function openAdapter(id: AdapterId, { clock, random, environment }: AdapterOptions): Adapter {
  switch (id) {
    case 'aws':
      return openAws({ clock, random, region: environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'] ?? '' })
    case 'tencent': {
      const site = siteOf(environment['CLOUDLESS_TENCENT_SITE'] ?? '')
      const endpoint = endpointOf(environment['CLOUDLESS_TENCENT_ENDPOINT'] ?? '')
      return openTencent({ clock, random, site, ...(endpoint === null ? {} : { endpoint }) })
    }
  }
}

function siteOf(text: string): Site {
  const site = text === '' ? 'mainland' : text
  if (Object.hasOwn(sites, site)) return site as Site
  const description = `is ${JSON.stringify(text.slice(0, 40))}; use ${Object.keys(sites).join(' or ')}`
  throw invalid([{ field: 'CLOUDLESS_TENCENT_SITE', description }])
}

function endpointOf(text: string): string | null {
  if (text === '') return null
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text
  const description = `is ${JSON.stringify(text.slice(0, 80))}; use a URL such as https://cvm.intl.tencentcloudapi.com`
  throw invalid([{ field: 'CLOUDLESS_TENCENT_ENDPOINT', description }])
}
