// Opaque page tokens: where the last page ended and what was asked for, so that a token used with other filters is
// refused instead of giving a list with holes.
import { createHash } from 'node:crypto'
import { invalid } from '#runtime/errors.ts'
import { apiConfig } from './config.ts'

export type Cursor = { readonly at: number; readonly id: string }

export function pageSize(asked: number): number {
  if (asked < 0)
    throw invalid([
      { field: 'page_size', description: `is ${asked}; give 0 for ${apiConfig.pageSizeDefault}, or more` },
    ])
  return asked === 0 ? apiConfig.pageSizeDefault : Math.min(asked, apiConfig.pageSizeMax)
}

export function encodePageToken(cursor: Cursor, filter: unknown): string {
  return Buffer.from(JSON.stringify([1, digest(filter), cursor.at, cursor.id])).toString('base64url')
}

/** Null for the first page. */
export function decodePageToken(token: string, filter: unknown): Cursor | null {
  if (token === '') return null
  const content = token.length <= apiConfig.pageTokenCharactersMax ? parse(token) : null
  if (!Array.isArray(content) || content.length !== 4 || content[0] !== 1)
    refuse('is not a token that this list gave out; start without one')
  const [, asked, at, id] = content as readonly unknown[]
  if (!Number.isSafeInteger(at) || typeof id !== 'string')
    refuse('is not a token that this list gave out; start without one')
  if (asked !== digest(filter)) refuse('belongs to a list with other filters; keep the filters of the first page')
  return { at: at as number, id }
}

function refuse(description: string): never {
  throw invalid([{ field: 'page_token', description }])
}

function parse(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString())
  } catch {
    return null
  }
}

function digest(filter: unknown): string {
  return createHash('sha256').update(JSON.stringify(filter)).digest('base64url').slice(0, 12)
}
