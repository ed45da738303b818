// Who is in a job and where each one listens. The epoch grows by one whenever the content changes and never otherwise,
// so that the same snapshot always gives the same book.
import type { AddressBook, Peer } from '#control-plane/model/address-book.ts'
import { dataEndpoints } from './data-on-its-way.ts'
import type { PartitionView } from './partitions.ts'

/** The book for these partitions; the very same object when nothing changed. A pruned peer stays pruned. */
export function nextAddressBook(book: AddressBook, views: readonly PartitionView[], hub: string): AddressBook {
  const peers = views.map(({ region, place, parameterServer, dataShare, isPruned }): Peer => {
    const endpoint = parameterServer?.endpoint ?? ''
    return { region, endpoint, dataShare, isPruned, ...(place === region ? {} : { place }) }
  })
  const data = dataEndpoints(views.flatMap((view) => view.data))
  if (isSame(book.peers, peers) && isSameData(book.data, data) && (book.hub ?? '') === hub) return book
  return { epoch: book.epoch + 1, peers, ...(data === undefined ? {} : { data }), ...(hub === '' ? {} : { hub }) }
}

function isSame(a: readonly Peer[], b: readonly Peer[]): boolean {
  return a.length === b.length && a.every((peer, i) => isSamePeer(peer, b[i]!))
}

function isSamePeer(a: Peer, b: Peer): boolean {
  const isThere = a.region === b.region && a.endpoint === b.endpoint && a.place === b.place
  return isThere && a.isPruned === b.isPruned && a.dataShare === b.dataShare
}

function isSameData(a: AddressBook['data'] = [], b: AddressBook['data'] = []): boolean {
  return a.length === b.length && a.every((one, i) => one.region === b[i]!.region && one.endpoint === b[i]!.endpoint)
}
