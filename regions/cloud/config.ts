// Limits of asking clouds. Requests per second stay below what each cloud grants an account, because others use it too.

export type CloudLimits = {
  readonly requestsPerSecond: number
  readonly requestsAtOnce: number
  /** For one answer, from the first byte sent to the last received. */
  readonly deadlineMs: number
  readonly attemptsMax: number
  /** Before the second attempt; doubled for each one after it. */
  readonly backOffMs: number
  readonly backOffMaxMs: number
}

const defaults = { requestsAtOnce: 8, deadlineMs: 20_000, attemptsMax: 6, backOffMs: 500, backOffMaxMs: 20_000 }

/** EC2 refills 20 a second for most calls that describe. */
export const ec2Limits: CloudLimits = { ...defaults, requestsPerSecond: 10 }
/** The price list answers slowly and throttles early. */
export const pricingLimits: CloudLimits = { ...defaults, requestsPerSecond: 4, deadlineMs: 60_000 }
export const objectStoreLimits: CloudLimits = { ...defaults, requestsPerSecond: 50 }
/** DescribeZoneInstanceConfigInfos may be called 40 times a second. */
export const cvmLimits: CloudLimits = { ...defaults, requestsPerSecond: 20 }

/** Of one listing; a cloud whose pages never end is not believed. */
export const pagesMax = 200
/** Of one region; the largest have some thousands (types x zones x markets). */
export const pricesPerRegionMax = 20_000
/** Of one data set, 1,000 a page; beyond it is told that there is more. */
export const objectPagesMax = 2_000
/** For one place where credentials might be; a machine outside the cloud waits in vain for the cloud's answer. */
export const credentialsDeadlineMs = 3_000
/** Of what a cloud says about a failure. */
export const failureTextMax = 300
