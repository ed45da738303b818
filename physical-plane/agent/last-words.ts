// What a parameter server said when it had finished: the final model's hash and place, the samples used. Its process ends
// after that, so a restarted agent could not ask again; the words are durable before the parameter server may go.
import { z } from 'zod'
import type { InstanceStatus__Output } from '#proto/generated/cloudless/v1/InstanceStatus.ts'
import { messageDefinition } from '#proto/rpc/load.ts'
import type { Journal } from './journal.ts'

export type LastWords = {
  readonly attempt: number
  readonly resumption: number
  readonly status: InstanceStatus__Output
}

const markSchema = z.object({
  attempt: z.number().int(),
  resumption: z.number().int().default(0),
  status: z.string(),
})
const wire = messageDefinition<InstanceStatus__Output, InstanceStatus__Output>('cloudless.v1.InstanceStatus')

/** Resolves once they are durable. */
export async function keepLastWords(journal: Journal, instanceId: string, words: LastWords): Promise<void> {
  const status = wire.serialize(words.status).toString('base64')
  const { attempt, resumption } = words
  await journal.append({ marks: { [markOf(instanceId)]: { attempt, resumption, status } } })
}

export function lastWordsOf(journal: Journal, instanceId: string): LastWords | null {
  const mark = markSchema.safeParse(journal.marks.get(markOf(instanceId))).data
  if (mark === undefined) return null
  const { attempt, resumption } = mark
  return { attempt, resumption, status: wire.deserialize(Buffer.from(mark.status, 'base64')) }
}

export async function forgetLastWords(journal: Journal, instanceId: string): Promise<void> {
  if (journal.marks.has(markOf(instanceId))) await journal.append({ marks: { [markOf(instanceId)]: null } })
}

function markOf(instanceId: string): string {
  return `last-words/${instanceId}`
}
