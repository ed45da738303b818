// The regions of the bundled catalogue and where they are, in degrees, by the city or county that their cloud names.
import type { Provider } from '../catalogue.ts'

export type PlaceRow = {
  readonly name: string
  readonly provider: Provider
  readonly latitude: number
  readonly longitude: number
}

const degrees: Readonly<Record<string, readonly [latitude: number, longitude: number]>> = {
  'aws/af-south-1': [-33.92, 18.42],
  'aws/ap-east-1': [22.32, 114.17],
  'aws/ap-northeast-1': [35.68, 139.69],
  'aws/ap-northeast-2': [37.57, 126.98],
  'aws/ap-northeast-3': [34.69, 135.5],
  'aws/ap-south-1': [19.08, 72.88],
  'aws/ap-southeast-1': [1.35, 103.82],
  'aws/ap-southeast-2': [-33.87, 151.21],
  'aws/ap-southeast-3': [-6.21, 106.85],
  'aws/ca-central-1': [45.5, -73.57],
  'aws/cn-north-1': [39.9, 116.4],
  'aws/eu-central-1': [50.11, 8.68],
  'aws/eu-central-2': [47.38, 8.54],
  'aws/eu-north-1': [59.33, 18.07],
  'aws/eu-south-1': [45.46, 9.19],
  'aws/eu-south-2': [41.65, -0.89],
  'aws/eu-west-1': [53.35, -6.26],
  'aws/eu-west-2': [51.51, -0.13],
  'aws/eu-west-3': [48.86, 2.35],
  'aws/me-central-1': [25.2, 55.27],
  'aws/me-south-1': [26.23, 50.59],
  'aws/sa-east-1': [-23.55, -46.63],
  'aws/us-east-1': [38.95, -77.45],
  'aws/us-east-2': [39.96, -83.0],
  'aws/us-gov-east-1': [39.96, -83.0],
  'aws/us-gov-west-1': [45.84, -119.7],
  'aws/us-west-1': [37.35, -121.96],
  'aws/us-west-2': [45.84, -119.7],
  'azure/australiaeast': [-33.87, 151.21],
  'azure/brazilsouth': [-23.55, -46.63],
  'azure/canadacentral': [43.65, -79.38],
  'azure/centralindia': [18.52, 73.86],
  'azure/eastasia': [22.32, 114.17],
  'azure/eastus': [37.37, -79.82],
  'azure/eastus2': [36.67, -78.39],
  'azure/germanywestcentral': [50.11, 8.68],
  'azure/koreacentral': [37.57, 126.98],
  'azure/northcentralus': [41.88, -87.63],
  'azure/northeurope': [53.35, -6.26],
  'azure/norwayeast': [59.91, 10.75],
  'azure/qatarcentral': [25.29, 51.53],
  'azure/southafricanorth': [-26.2, 28.05],
  'azure/southcentralus': [29.42, -98.49],
  'azure/swedencentral': [60.67, 17.14],
  'azure/switzerlandnorth': [47.38, 8.54],
  'azure/uaenorth': [25.2, 55.27],
  'azure/uksouth': [51.51, -0.13],
  'azure/westeurope': [52.37, 4.9],
  'azure/westus': [37.78, -122.42],
  'azure/westus2': [47.23, -119.85],
  'gcp/asia-east1': [24.05, 120.52],
  'gcp/asia-east2': [22.32, 114.17],
  'gcp/asia-northeast2': [34.69, 135.5],
  'gcp/asia-northeast3': [37.57, 126.98],
  'gcp/asia-south1': [19.08, 72.88],
  'gcp/asia-south2': [28.61, 77.21],
  'gcp/asia-southeast1': [1.35, 103.82],
  'gcp/asia-southeast2': [-6.21, 106.85],
  'gcp/australia-southeast1': [-33.87, 151.21],
  'gcp/australia-southeast2': [-37.81, 144.96],
  'gcp/europe-north1': [60.57, 27.19],
  'gcp/europe-west1': [50.45, 3.82],
  'gcp/europe-west2': [51.51, -0.13],
  'gcp/europe-west3': [50.11, 8.68],
  'gcp/europe-west4': [53.44, 6.83],
  'gcp/europe-west6': [47.38, 8.54],
  'gcp/me-west1': [32.09, 34.78],
  'gcp/southamerica-east1': [-23.55, -46.63],
  'gcp/southamerica-west1': [-33.45, -70.67],
  'gcp/us-central1': [41.26, -95.86],
  'gcp/us-east1': [33.2, -80.01],
  'gcp/us-east4': [39.04, -77.49],
  'gcp/us-west1': [45.6, -121.18],
  'gcp/us-west4': [36.17, -115.14],
  'tencent/ap-bangkok': [13.76, 100.5],
  'tencent/ap-beijing': [39.9, 116.4],
  'tencent/ap-chengdu': [30.57, 104.07],
  'tencent/ap-chongqing': [29.56, 106.55],
  'tencent/ap-guangzhou': [23.13, 113.26],
  'tencent/ap-hongkong': [22.32, 114.17],
  'tencent/ap-jakarta': [-6.21, 106.85],
  'tencent/ap-mumbai': [19.08, 72.88],
  'tencent/ap-nanjing': [32.06, 118.8],
  'tencent/ap-seoul': [37.57, 126.98],
  'tencent/ap-shanghai': [31.23, 121.47],
  'tencent/ap-singapore': [1.35, 103.82],
  'tencent/ap-tokyo': [35.68, 139.69],
  'tencent/eu-frankfurt': [50.11, 8.68],
  'tencent/na-ashburn': [39.04, -77.49],
  'tencent/na-siliconvalley': [37.35, -121.96],
  'tencent/sa-saopaulo': [-23.55, -46.63],
}

export const places: readonly PlaceRow[] = Object.entries(degrees).map(([name, [latitude, longitude]]) => {
  return { name, provider: name.slice(0, name.indexOf('/')) as Provider, latitude, longitude }
})

/** Great-circle kilometres. */
export function kilometres(a: PlaceRow, b: PlaceRow): number {
  const radians = (value: number): number => (value * Math.PI) / 180
  const dLatitude = radians(b.latitude - a.latitude)
  const dLongitude = radians(b.longitude - a.longitude)
  const h =
    Math.sin(dLatitude / 2) ** 2 +
    Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * Math.sin(dLongitude / 2) ** 2
  return 2 * 6371 * Math.asin(Math.sqrt(h))
}
