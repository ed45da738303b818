// Regions as a cloud calls them, from the catalogue's names: "us-east-1" of "aws/us-east-1".
import type { Provider } from '#regions/catalogue.ts'
import { invalid } from '#runtime/errors.ts'

/** Each once, in ascending order. A name without a cloud is taken for one of this cloud. */
export function placesOf(provider: Provider, regions: readonly string[]): readonly string[] {
  const places = regions.map((name, i) => {
    const place = name.startsWith(`${provider}/`) ? name.slice(provider.length + 1) : name
    if (/^[a-z0-9]+(-[a-z0-9]+)*$/.test(place) && place.length <= 32) return place
    const description = `${JSON.stringify(name.slice(0, 80))} is no region of ${provider}; write for example ${provider}/${examples[provider]}`
    throw invalid([{ field: `regions[${i}]`, description }])
  })
  return [...new Set(places)].sort()
}

const examples: Readonly<Record<Provider, string>> = {
  aws: 'us-east-1',
  azure: 'eastus',
  gcp: 'us-central1',
  onprem: 'lab',
  tencent: 'ap-shanghai',
}
