// Addresses of data in object stores: s3://bucket/prefix and cos://bucket-appid/prefix. A prefix means an object of that very
// name, or everything in the folder of that name; "train" does not mean "train-old/".
import { invalid } from '#runtime/errors.ts'

export type ObjectScheme = 's3' | 'cos'
export type ObjectAddress = { readonly scheme: ObjectScheme; readonly bucket: string; readonly prefix: string }

export type ReadAddress =
  | { readonly kind: 'address'; readonly address: ObjectAddress }
  | { readonly kind: 'wrong'; readonly because: string }

export function readObjectAddress(uri: string): ReadAddress {
  const match = /^(s3|cos):\/\/([^/]*)(?:\/([^]*))?$/.exec(uri)
  if (match === null)
    return wrong('is no address of an object store; write s3://bucket/prefix or cos://bucket-appid/prefix')
  const scheme = match[1] as ObjectScheme
  const bucket = match[2]!
  const prefix = match[3] ?? ''
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
    return wrong('names no bucket; use 3 to 63 lower-case letters, digits, "-" and "." before the first "/"')
  if (scheme === 'cos' && !/-\d{5,}$/.test(bucket))
    return wrong("names no bucket of COS; write its whole name with the account's number, for example data-1250000000")
  // oxlint-disable-next-line no-control-regex -- control characters are what this refuses
  if (/[\u0000-\u001F\u007F]/.test(prefix)) return wrong('contains control characters; remove them')
  if (prefix.length > 1024) return wrong(`has a prefix of ${prefix.length} characters; at most 1024`)
  if (prefix.split('/').includes('..')) return wrong('contains ".."; write the path itself')
  return { kind: 'address', address: { scheme, bucket, prefix } }
}

/** Throws where it is none, or one of another cloud. */
export function objectAddress(uri: string, scheme: ObjectScheme): ObjectAddress {
  const found = readObjectAddress(uri)
  const shown = JSON.stringify(uri.slice(0, 80))
  if (found.kind === 'wrong') throw invalid([{ field: 'uri', description: `${shown} ${found.because}` }])
  if (found.address.scheme !== scheme)
    throw invalid([{ field: 'uri', description: `${shown} is of another cloud; this one has ${scheme}://` }])
  return found.address
}

/** Whether an object belongs to what an address means. Objects that stand for folders hold no data. */
export function isUnder(prefix: string, key: string): boolean {
  if (key.endsWith('/')) return false
  return prefix === '' || prefix.endsWith('/') ? key.startsWith(prefix) : key === prefix || key.startsWith(`${prefix}/`)
}

function wrong(because: string): ReadAddress {
  return { kind: 'wrong', because }
}
