// AWS is three clouds with accounts of their own: the world, China and the United States' government. Each has a region where questions
// about all of it are asked, one that has its price list, and a currency.

export type Partition = {
  readonly homeRegion: string
  readonly pricingRegion: string
  /** Of spot prices, which state none; list prices state theirs. */
  readonly currency: string
}

export function partitionOf(region: string): Partition {
  if (region.startsWith('cn-')) return { homeRegion: 'cn-north-1', pricingRegion: 'cn-northwest-1', currency: 'CNY' }
  // The government's prices are in the world's list, for those who have an account there too.
  if (region.startsWith('us-gov-')) return { homeRegion: 'us-gov-west-1', pricingRegion: 'us-east-1', currency: 'USD' }
  return { homeRegion: 'us-east-1', pricingRegion: 'us-east-1', currency: 'USD' }
}
