// The AWS SDK's clients, one for each service and region, made when they are first needed. Their own retries are off, because
// ours count against the rate limits.
import { EC2Client } from '@aws-sdk/client-ec2'
import { PricingClient } from '@aws-sdk/client-pricing'
import { S3Client } from '@aws-sdk/client-s3'
import { CloudApi, type CloudApiOptions } from '#regions/cloud/cloud-api.ts'
import { ec2Limits, objectStoreLimits, pricingLimits, type CloudLimits } from '#regions/cloud/config.ts'
import { awsSignInHint, classifyAws } from './aws-failure.ts'

export type AwsOptions = Pick<CloudApiOptions, 'clock' | 'random'> & {
  /** Other than AWS's own, of every service; the SDK knows AWS_ENDPOINT_URL by itself. */
  readonly endpoint?: string
  /** Other than the chain of the SDK, which looks in the environment, shared files, single sign-on and the machine's role. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** Of the account, which says which AWS it is of; us-east-1 when absent. */
  readonly region?: string
  readonly limits?: Partial<CloudLimits>
}

export type AwsClients = {
  readonly ec2: CloudApi
  readonly pricing: CloudApi
  readonly s3: CloudApi
  ec2In(region: string): EC2Client
  pricingIn(region: string): PricingClient
  s3In(region: string): S3Client
  close(): void
}

export function openAwsClients(options: AwsOptions): AwsClients {
  const { endpoint, credentials, clock, random } = options
  const shared = {
    maxAttempts: 1,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  }
  const api = (name: string, limits: CloudLimits): CloudApi => {
    const own = { ...limits, ...options.limits }
    return new CloudApi({ name, limits: own, clock, random, classify: classifyAws, signInHint: awsSignInHint })
  }
  const open: { destroy(): void }[] = []
  const ec2 = oneForEach(open, (region) => new EC2Client({ ...shared, region }))
  const pricing = oneForEach(open, (region) => new PricingClient({ ...shared, region }))
  // A bucket is asked in its own region, wherever that turns out to be; emulators have no host name for each bucket.
  const s3 = oneForEach(
    open,
    (region) =>
      new S3Client({ ...shared, region, followRegionRedirects: true, forcePathStyle: endpoint !== undefined }),
  )
  return {
    ec2: api('AWS EC2', ec2Limits),
    pricing: api('AWS price list', pricingLimits),
    s3: api('AWS S3', objectStoreLimits),
    ec2In: ec2,
    pricingIn: pricing,
    s3In: s3,
    close: () => {
      for (const client of open) client.destroy()
    },
  }
}

function oneForEach<Client extends { destroy(): void }>(
  open: { destroy(): void }[],
  make: (region: string) => Client,
): (region: string) => Client {
  const known = new Map<string, Client>()
  return (region) => {
    const found = known.get(region)
    if (found !== undefined) return found
    const client = make(region)
    open.push(client)
    known.set(region, client)
    return client
  }
}
