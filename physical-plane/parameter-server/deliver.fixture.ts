// For tests: one update as a link hands it over.
import type { Partition } from './partition.ts'
import type { Update } from './sync/update.ts'

/** Takes the payload back afterwards, as a receive buffer would be. */
export async function deliver(partition: Partition, { header, bytes }: Update, signal: AbortSignal): Promise<void> {
  const lent = bytes === null ? null : bytes.slice()
  await partition.exchange.receive({ header, bytes: lent }, signal)
  lent?.fill(255)
}
