// Who this agent is: an id made once and an incarnation that grows with every start, so that a restarted agent takes over
// from its predecessor and a second agent does not. Both live in the journal: a lost journal makes another agent.
import { z } from 'zod'
import type { Random } from '#runtime/random.ts'
import type { Journal } from './journal.ts'

const mark = 'agent'
const schema = z.object({ agentId: z.string(), incarnation: z.number().int() })

export type Identity = Readonly<z.infer<typeof schema>>

export async function nextIdentity(journal: Journal, random: Random): Promise<Identity> {
  const known = schema.safeParse(journal.marks.get(mark)).data ?? { agentId: random.uuid(), incarnation: 0 }
  const identity = { ...known, incarnation: known.incarnation + 1 }
  await journal.append({ marks: { [mark]: identity } })
  return identity
}
