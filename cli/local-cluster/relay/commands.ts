// The relay's remote control: one JSON object per line in, one per line out.
//   {"command":"cut","from":"aws/us-east-1","to":"onprem/lab","kind":"silent"}   {"ok":true}
//   {"command":"restore","from":"aws/us-east-1","to":"onprem/lab"}               {"ok":true}
//   {"command":"stats"}                                                          {"ok":true,"links":[...]}
// An `id` in the command comes back in the answer. A refusal is {"ok":false,"error":"..."}.
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { z } from 'zod'
import { messageOf } from '#runtime/errors.ts'
import { commandBytesMax } from './config.ts'
import type { Relay } from './relay.ts'

const id = z.union([z.string(), z.number()]).optional()
const command = z.discriminatedUnion('command', [
  z.strictObject({
    id,
    command: z.literal('cut'),
    from: z.string(),
    to: z.string(),
    kind: z.enum(['reset', 'silent']).default('reset'),
  }),
  z.strictObject({ id, command: z.literal('restore'), from: z.string(), to: z.string() }),
  z.strictObject({ id, command: z.literal('stats') }),
])

export type Answer = Readonly<Record<string, unknown>> & { readonly ok: boolean }

export function carryOut(relay: Pick<Relay, 'cut' | 'restore' | 'stats'>, line: string): Answer {
  try {
    if (line.length > commandBytesMax) throw new Error(`a command has at most ${commandBytesMax} characters`)
    const parsed = command.safeParse(JSON.parse(line))
    if (!parsed.success) {
      const text = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'command'}: ${issue.message}`)
      throw new Error(text.join('; '))
    }
    return { ...(parsed.data.id === undefined ? {} : { id: parsed.data.id }), ok: true, ...perform(relay, parsed.data) }
  } catch (error) {
    return { ok: false, error: messageOf(error) }
  }
}

/** Answers commands from a stream until it ends. */
export function listenForCommands(
  relay: Pick<Relay, 'cut' | 'restore' | 'stats'>,
  input: Readable,
  output: Writable,
): void {
  input.on('error', () => {})
  output.on('error', () => {})
  createInterface({ input }).on('line', (line) => {
    if (line.trim() !== '') output.write(`${JSON.stringify(carryOut(relay, line))}\n`)
  })
}

function perform(
  relay: Pick<Relay, 'cut' | 'restore' | 'stats'>,
  wanted: z.infer<typeof command>,
): Readonly<Record<string, unknown>> {
  if (wanted.command === 'stats') return { links: relay.stats() }
  if (wanted.command === 'cut') relay.cut(wanted.from, wanted.to, wanted.kind)
  else relay.restore(wanted.from, wanted.to)
  return {}
}
