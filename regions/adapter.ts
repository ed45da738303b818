// What asks one cloud for what it sells now. An adapter answers whole or not at all: where a page is missing there is no layer,
// and the last good one stays in force. Credentials come from the chain of the cloud's own SDK and appear nowhere else.
import type { Provider } from './catalogue.ts'
import type { Layer } from './layer.ts'

export const adapterIds = ['aws', 'tencent'] as const satisfies readonly Provider[]
export type AdapterId = (typeof adapterIds)[number]

export type Adapter = {
  readonly id: AdapterId
  /** What the cloud offers and asks for it now. */
  refresh(request: RefreshRequest): Promise<FetchedLayer>
  /** What lies under an address such as s3://bucket/prefix, counted by listing it. */
  listDataset(request: DatasetRequest): Promise<Dataset>
  /** Closes connections. */
  close(): void
}

export type RefreshRequest = {
  /** For example "aws/us-east-1"; empty for every region that the account may use. */
  readonly regions: readonly string[]
  /** Empty for all that have GPUs, and the machine that prices "cpu". */
  readonly instanceTypes: readonly string[]
  /** USD that a unit of a currency is worth, as the layers below state it. */
  readonly usdPer: Readonly<Record<string, number>>
  readonly signal: AbortSignal
  readonly onProgress: (progress: RefreshProgress) => void
}

export type RefreshProgress = {
  readonly regionsDone: number
  readonly regionsTotal: number
  /** What just happened, or what was left out and why. */
  readonly text: string
}

/** Who keeps it gives it an id. */
export type FetchedLayer = Omit<Layer, 'id' | 'fetchedAtMs'> & { readonly fetchedAtMs: number }

export type DatasetRequest = {
  readonly uri: string
  /** Where the bucket is said to lie, for clouds that must be asked in its region; null where nobody says. */
  readonly region: string | null
  /** Whether there is anything is all that matters: counting ends with the first page that has some of it. */
  readonly untilFound?: boolean
  readonly signal: AbortSignal
}

export type Dataset = {
  readonly uri: string
  /** Where the bucket lies: "aws/eu-west-1". */
  readonly region: string
  readonly objects: number
  readonly bytes: number
  /** There is more than was counted. */
  readonly truncated: boolean
}
