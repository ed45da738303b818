// Addresses of data in object stores: s3://bucket/prefix and cos://bucket-appid/prefix. A prefix means the object of that very
// name, or everything in the folder of that name.

export type BucketAddress = { readonly scheme: 's3' | 'cos'; readonly bucket: string; readonly prefix: string }

export function isInBucket(uri: string): boolean {
  return bucketAddress(uri) !== null
}

/** Null for what is no address of an object store. */
export function bucketAddress(uri: string): BucketAddress | null {
  const match = /^(s3|cos):\/\/([^/]+)(?:\/([^]*))?$/.exec(uri)
  if (match === null) return null
  return { scheme: match[1] as BucketAddress['scheme'], bucket: match[2]!, prefix: match[3] ?? '' }
}

/** Where an object lies relative to what the prefix means: '' for the very object, null for one that is none of it. */
export function pathUnder(prefix: string, key: string): string | null {
  // It stands for a folder and holds no data.
  if (key.endsWith('/')) return null
  if (prefix !== '' && !prefix.endsWith('/') && key === prefix) return ''
  const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`
  return key.startsWith(folder) ? key.slice(folder.length) : null
}
