// How this region's machine was bought, where it stands and what kind it is: what prices and losses hang on. One agent
// acts for one machine, so all of its devices have this in common.

export type Purchase = {
  readonly market: 'on-demand' | 'spot'
  /** For example "us-east-1a"; '' where nobody has said. */
  readonly zone: string
  /** For example "g4dn.xlarge"; '' where nobody has said. */
  readonly instanceType: string
}

export const plainPurchase: Purchase = { market: 'on-demand', zone: '', instanceType: '' }

/** The device class as the ledger names it: "cpu", "nvidia-t4@spot/us-east-1a/g4dn.xlarge". */
export function classKeyOf(deviceModel: string, { market, zone, instanceType }: Purchase): string {
  const bought = market === 'on-demand' ? deviceModel : `${deviceModel}@${market}`
  if (zone === '' && instanceType === '') return bought
  return `${bought}/${zone}${instanceType === '' ? '' : `/${instanceType}`}`
}
