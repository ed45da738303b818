// Tencent Cloud's SDK for machines and prices, and the S3 client for its object store, with one chain of credentials: that of the SDK.
import { S3Client } from '@aws-sdk/client-s3'
import {
  CvmRoleCredential,
  EnvironmentVariableCredential,
  OIDCRoleArnCredential,
  ProfileCredential,
  type DynamicCredential,
} from 'tencentcloud-sdk-nodejs-common'
import { cvm } from 'tencentcloud-sdk-nodejs-cvm'
import { classifyAws } from '#regions/aws/aws-failure.ts'
import { CloudApi, unbelievable, type CloudApiOptions } from '#regions/cloud/cloud-api.ts'
import { credentialsDeadlineMs, cvmLimits, objectStoreLimits, type CloudLimits } from '#regions/cloud/config.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError } from '#runtime/errors.ts'
import { sites, type Site } from './config.ts'
import { classifyTencent, tencentSignInHint } from './tencent-failure.ts'

export type TencentCredentials = { readonly secretId: string; readonly secretKey: string; readonly token?: string }

export type TencentOptions = Pick<CloudApiOptions, 'clock' | 'random'> & {
  readonly site: Site
  /** Other than Tencent Cloud's own, of every service. */
  readonly endpoint?: string
  /** Other than the chain: environment, ~/.tencentcloud/credentials, the machine's role, the cluster's role. */
  readonly credentials?: TencentCredentials
  readonly limits?: Partial<CloudLimits>
}

export type TencentClients = {
  readonly currency: string
  /** One action of CVM in a region; what it answers is not checked. */
  ask(action: string, region: string, parameters: object, signal: AbortSignal): Promise<unknown>
  readonly cos: CloudApi
  cosIn(region: string): S3Client
  close(): void
}

export function openTencentClients(options: TencentOptions): TencentClients {
  const { clock, random, endpoint, site } = options
  const api = (name: string, limits: CloudLimits, classify: CloudApiOptions['classify']): CloudApi =>
    new CloudApi({
      name,
      limits: { ...limits, ...options.limits },
      clock,
      random,
      classify,
      signInHint: tencentSignInHint,
    })
  const machines = api('Tencent Cloud CVM', cvmLimits, classifyTencent)
  const credentials = credentialChain(options.credentials ?? null, clock)
  const stores = new Map<string, S3Client>()
  return {
    currency: sites[site].currency,
    cos: api('Tencent Cloud COS', objectStoreLimits, classifyAws),
    ask: (action, region, parameters, signal) => {
      const what = `${action} in ${region}`
      return machines.call(what, signal, async (abortSignal) => {
        const url = endpoint === undefined ? null : new URL(endpoint)
        const client = new cvm.v20170312.Client({
          credential: await credentials(),
          region,
          profile: {
            language: 'en-US',
            httpProfile: {
              endpoint: url?.host ?? sites[site].endpoint,
              ...(url === null ? {} : { protocol: `${url.protocol}//` }),
            },
          },
        })
        try {
          return (await client.request(action, parameters, { signal: abortSignal })) as unknown
        } catch (error) {
          // The SDK looks for what an answer must have, and it had not.
          if (error instanceof TypeError) throw unbelievable(what, 'had an answer of another shape')
          throw error
        }
      })
    },
    cosIn: (region) => {
      const known = stores.get(region) ?? openStore(region, endpoint, credentials)
      stores.set(region, known)
      return known
    },
    close: () => {
      for (const store of stores.values()) store.destroy()
    },
  }
}

function openStore(
  region: string,
  endpoint: string | undefined,
  credentials: () => Promise<TencentCredentials>,
): S3Client {
  return new S3Client({
    region,
    endpoint: endpoint ?? `https://cos.${region}.myqcloud.com`,
    forcePathStyle: endpoint !== undefined,
    maxAttempts: 1,
    // COS has no checksums of this kind.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    credentials: async () => {
      const { secretId, secretKey, token } = await credentials()
      return {
        accessKeyId: secretId,
        secretAccessKey: secretKey,
        ...(token === undefined ? {} : { sessionToken: token }),
      }
    },
  })
}

/** The order of the SDK's own chain, which prints to the console what it tries. */
function credentialChain(given: TencentCredentials | null, clock: Clock): () => Promise<TencentCredentials> {
  const makers: readonly (() => DynamicCredential)[] = [
    () => new EnvironmentVariableCredential(),
    () => new ProfileCredential(),
    () => new CvmRoleCredential(),
    () => new OIDCRoleArnCredential(),
  ]
  const providers = makers.map((make) => make())
  return async () => {
    if (given !== null) return given
    for (const [i, make] of makers.entries()) {
      const found: Partial<TencentCredentials> = await inTime(clock, providers[i]!.getCredential()).catch(() => {
        // One that failed goes on failing, even once the network is there.
        providers[i] = make()
        return {}
      })
      const { secretId, secretKey, token } = found
      if (secretId !== undefined && secretId !== '' && secretKey !== undefined && secretKey !== '')
        return { secretId, secretKey, ...(token === undefined ? {} : { token }) }
    }
    const text = `no credentials of Tencent Cloud were found; ${tencentSignInHint}`
    throw new CloudlessError('conflict', 'CLOUD_CREDENTIALS', text)
  }
}

async function inTime<T>(clock: Clock, found: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = clock.after(credentialsDeadlineMs, () => late.reject(new Error('no answer in time')))
  try {
    return await Promise.race([found, late.promise])
  } finally {
    timer.cancel()
  }
}
