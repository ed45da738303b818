import { describe, expect, test } from 'vitest'
import { wrongAddress } from './data-address.ts'

describe('an address of data', () => {
  test.each([
    ['file:///data/lab', 'aws'],
    ['file:///data/lab', 'gcp'],
    ['s3://some-bucket', 'aws'],
    ['s3://some-bucket/train/', 'aws'],
    ['cos://data-1250000000/train', 'tencent'],
  ] as const)('%s may be in a region of %s', (uri, provider) => {
    expect(wrongAddress(uri, 'x/y', provider)).toBeNull()
  })

  test.each([
    ['file:///', 'aws', 'file:///absolute/path as seen in x/y, or s3://bucket/prefix'],
    ['file:///a/../b', 'aws', '".."'],
    ['file://host/a', 'onprem', 'write file:///absolute/path as seen in x/y'],
    ['https://a/b', 'tencent', 'or cos://bucket/prefix'],
    ['s3://some-bucket/x', 'tencent', 'of tencent; name the region where the bucket lies, or use cos://'],
    ['cos://data-1250000000/x', 'aws', 'or use s3://'],
    ['s3://some-bucket/x', 'onprem', 'or use file:///absolute/path'],
    ['s3://UPPER/x', 'aws', 'names no bucket'],
    ['cos://data/x', 'tencent', "account's number"],
    ['', 'aws', 'is no address'],
  ] as const)('%s is none in a region of %s', (uri, provider, found) => {
    expect(wrongAddress(uri, 'x/y', provider)).toContain(found)
  })
})
