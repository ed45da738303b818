// Who is in a job and where each one listens. The epoch grows by one whenever the content changes and never otherwise,
// so that the same snapshot always gives the same book.
import type { AddressBook, Peer } from '#control-plane/model/address-book.ts'
import type { PartitionView } from './partitions.ts'

/** The book for these partitions; the very same object when nothing changed. A pruned peer stays pruned. */
export function nextAddressBook(book: AddressBook, views: readonly PartitionView[]): AddressBook {
  const peers = views.map(({ region, parameterServer, dataShare, isPruned }): Peer => {
    return { region, endpoint: parameterServer?.endpoint ?? '', dataShare, isPruned }
  })
  return isSame(book.peers, peers) ? book : { epoch: book.epoch + 1, peers }
}

function isSame(a: readonly Peer[], b: readonly Peer[]): boolean {
  return a.length === b.length && a.every((peer, i) => isSamePeer(peer, b[i]!))
}

function isSamePeer(a: Peer, b: Peer): boolean {
  return a.region === b.region && a.endpoint === b.endpoint && a.isPruned === b.isPruned && a.dataShare === b.dataShare
}
