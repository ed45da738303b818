// Where data may be: files as an agent sees them, or an object store of the cloud that the region is in.
import type { Provider } from '#regions/catalogue.ts'
import { readObjectAddress, type ObjectScheme } from '#regions/cloud/object-address.ts'

/** Object stores that a region's cloud has. */
export const schemeOf: Readonly<Record<Provider, ObjectScheme | null>> = {
  aws: 's3',
  azure: null,
  gcp: null,
  onprem: null,
  tencent: 'cos',
}

/** Why data of a region can not be there; null where it can. */
export function wrongAddress(uri: string, region: string, provider: Provider): string | null {
  const scheme = schemeOf[provider]
  if (uri.startsWith('s3://') || uri.startsWith('cos://')) {
    const read = readObjectAddress(uri)
    if (read.kind === 'wrong') return read.because
    if (read.address.scheme === scheme) return null
    const instead = scheme === null ? 'file:///absolute/path' : `${scheme}://`
    return `is no data of ${region}, which is of ${provider}; name the region where the bucket lies, or use ${instead}`
  }
  if (uri.startsWith('file:///') && uri.length > 'file:///'.length && !uri.includes('\0'))
    return uri.split('/').includes('..') ? 'contains ".."; write the path itself' : null
  const store = scheme === null ? '' : `, or ${scheme}://bucket/prefix`
  return `is no address of data; write file:///absolute/path as seen in ${region}${store}`
}

/** It is fetched before it can be read, wherever that is. */
export function isInObjectStore(uri: string): boolean {
  return uri.startsWith('s3://') || uri.startsWith('cos://')
}
