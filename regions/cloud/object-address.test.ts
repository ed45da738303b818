import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { countObjects } from './count-objects.ts'
import { isUnder, readObjectAddress } from './object-address.ts'

describe('an address in an object store', () => {
  test.each([
    ['s3://some-bucket', { scheme: 's3', bucket: 'some-bucket', prefix: '' }],
    ['s3://some.bucket/a/b.npz', { scheme: 's3', bucket: 'some.bucket', prefix: 'a/b.npz' }],
    ['cos://data-1250000000/a/', { scheme: 'cos', bucket: 'data-1250000000', prefix: 'a/' }],
  ])('%s', (uri, address) => {
    expect(readObjectAddress(uri)).toEqual({ kind: 'address', address })
  })

  test('whatever the text, what is read from it is what it says', () => {
    const parts = fc.tuple(fc.constantFrom('s3://', 'cos://', 'S3://', 'file://', ''), fc.string(), fc.string())
    fc.assert(
      fc.property(parts, ([scheme, bucket, prefix]) => {
        const uri = `${scheme}${bucket}/${prefix}`
        const read = readObjectAddress(uri)
        const back =
          read.kind === 'address' ? `${read.address.scheme}://${read.address.bucket}/${read.address.prefix}` : uri
        expect(back).toBe(uri)
      }),
    )
  })

  test('means a folder or an object, not everything that begins alike', () => {
    const under = (prefix: string) =>
      ['train', 'train/', 'train/a', 'train/b/c', 'train-old/a', 'training'].filter((key) => isUnder(prefix, key))
    expect(under('')).toEqual(['train', 'train/a', 'train/b/c', 'train-old/a', 'training'])
    expect(under('train')).toEqual(['train', 'train/a', 'train/b/c'])
    expect(under('train/')).toEqual(['train/a', 'train/b/c'])
    expect(under('train/a')).toEqual(['train/a'])
  })
})

describe('objects', () => {
  test('are counted alike however they are cut into pages', async () => {
    const keys = fc.array(fc.tuple(fc.constantFrom('t/', 't-old/', 't'), fc.nat({ max: 99 }), fc.nat()), {
      maxLength: 40,
    })
    await fc.assert(
      fc.asyncProperty(keys, fc.integer({ min: 1, max: 7 }), async (given, size) => {
        const all = given.map(([folder, i, bytes]) => ({ key: `${folder}${i}`, bytes }))
        const counted = await countObjects({ what: 'X', prefix: 't', untilFound: false }, (token) => {
          const from = Number(token ?? 0)
          const objects = all.slice(from, from + size)
          return Promise.resolve({ objects, next: from + size < all.length ? String(from + size) : '' })
        })
        const mine = all.filter(({ key }) => key.startsWith('t/'))
        const bytes = mine.reduce((sum, object) => sum + object.bytes, 0)
        expect(counted).toEqual({ objects: mine.length, bytes, truncated: false })
      }),
    )
  })
})
