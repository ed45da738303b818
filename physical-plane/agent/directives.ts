// What a parameter server is told of its job, from what is desired here.
import type { Directive } from '#proto/generated/cloudless/v1/Directive.ts'
import type { Desired, DesiredInstance } from './desired.ts'

export function directiveOf({ addressBooks }: Desired, instance: DesiredInstance | undefined): Directive {
  const addressBook = addressBooks.find(({ jobId }) => jobId === instance?.jobId) ?? null
  const { interval = 0, intervalMin = 0 } = instance?.spec.sync ?? {}
  return { addressBook, drain: instance?.drain ?? false, interval, intervalMin }
}

/** Where a partition of a job runs now; its name unless it was moved. */
export function placeIn({ addressBooks }: Desired, jobId: string, partition: string): string {
  const book = addressBooks.find((each) => each.jobId === jobId)
  return book?.peers.find(({ region }) => region === partition)?.place || partition
}
