// Where a job's parameter servers listen, as the control plane tells them. A higher epoch replaces a lower one, so a
// late or repeated broadcast does no harm.

export type AddressBook = {
  /** Grows by one with every change of what follows; 0 for a job that was never placed. */
  readonly epoch: number
  /** In ascending order of region. */
  readonly peers: readonly Peer[]
  /** Where training data that is moved is to be had, in ascending order of region; absent where none is. */
  readonly data?: readonly DataEndpoint[]
  /** Where the plan lets contributions meet: the first to ask for votes. Absent where none was planned. */
  readonly hub?: string
}

export type DataEndpoint = {
  /** Whose data it is. */
  readonly region: string
  /** Empty while nobody listens. */
  readonly endpoint: string
}

export type Peer = {
  readonly region: string
  /** Empty while the parameter server has not registered. */
  readonly endpoint: string
  /** Share of the job's samples that lies in this region. */
  readonly dataShare: number
  /** Lost for longer than the grace time: nobody waits for it, and it stays out of this job. */
  readonly isPruned: boolean
  /** Where it runs; absent where that is the region of its name. */
  readonly place?: string
}

export const emptyAddressBook: AddressBook = { epoch: 0, peers: [] }
