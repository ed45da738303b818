// Where figures are from: published under a licence that lets them be shipped, or assumed by whoever wrote the file.
import { z } from 'zod'

const text = z.string().min(1, 'write some text').max(2_000, 'use at most 2000 characters')

export const sourceSchema = z.discriminatedUnion('kind', [
  z.strictObject({ id: text, kind: z.literal('licensed'), licence: text, from: text, note: text.optional() }),
  z.strictObject({ id: text, kind: z.literal('assumption'), note: text }),
])

export type Source = z.infer<typeof sourceSchema>
