// What a peer says when it refuses something is its own choice, so no name that is counted or shown may be made of it: all
// refusals by a peer have one reason here, and its words stay in the text, where they have an end.
import { CloudlessError } from '#runtime/errors.ts'
import { textBytesMax, valueCharactersMax } from './config.ts'

/** The region's messages as they come; a refusal by it ends them as `REFUSED_BY_PEER`, any other error as it is. */
export async function* wordedBy<Message>(
  region: string,
  messages: AsyncIterable<Message>,
): AsyncGenerator<Message, void> {
  try {
    yield* messages
  } catch (error) {
    throw isRefusal(error) ? refusedBy(region, error) : error
  }
}

/** One side says no. Asking again at once would only bring the same again. */
export function isRefusal(error: unknown): error is CloudlessError {
  return error instanceof CloudlessError && (error.kind === 'conflict' || error.kind === 'invalid')
}

function refusedBy(region: string, error: CloudlessError): CloudlessError {
  const reason = JSON.stringify(error.reason.slice(0, valueCharactersMax))
  const text = `region ${region} refuses with ${reason}: ${error.message.slice(0, textBytesMax)}`
  return new CloudlessError(error.kind, 'REFUSED_BY_PEER', text, { cause: error })
}
