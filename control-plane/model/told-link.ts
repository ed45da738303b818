// Whether what a region measured of a link says how much the link carries: of messages that are on their way for hardly longer
// than a round trip the time says how far it is, whatever the bandwidth.
import type { MeasuredLink, PartitionProgress } from './snapshot.ts'

/** A message has to take so many round trips. */
const roundTripsMin = 4

export function tellsBandwidth(
  { mbitPerSecond, roundTripMs }: MeasuredLink,
  { wanBytesSent, rounds }: Pick<PartitionProgress, 'wanBytesSent' | 'rounds'>,
): boolean {
  if (!(mbitPerSecond > 0) || !(roundTripMs >= 0) || rounds <= 0) return false
  const messageMs = (8 * wanBytesSent) / rounds / (1000 * mbitPerSecond)
  return messageMs >= roundTripsMin * roundTripMs
}
