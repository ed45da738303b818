// A what-if: one change to what a plan is decided on, such as another price, link or budget. Text on the command line and on
// the wire (parse.ts); what it does to a question is in apply.ts.
import type { Market } from '#control-plane/model/snapshot.ts'

export type WhatIf =
  | { readonly kind: 'price'; readonly regions: string; readonly device: DevicePattern | null; readonly change: Change }
  | { readonly kind: 'units'; readonly regions: string; readonly device: DevicePattern; readonly change: Change }
  /** All devices of the regions, or those of a class. */
  | { readonly kind: 'gone'; readonly regions: string; readonly device: DevicePattern | null }
  | LinkChange
  | { readonly kind: 'speed'; readonly deviceModel: string; readonly change: Change }
  /** Bytes of one update of the whole model as float32, and samples of a step; null: as many as are known. */
  | { readonly kind: 'model-size'; readonly change: Change; readonly samplesPerStep: number | null }
  /** Null: none. */
  | { readonly kind: 'budget'; readonly change: Change | null }
  | { readonly kind: 'deadline'; readonly atMs: number }
  | { readonly kind: 'deadline-in'; readonly seconds: number }
  | { readonly kind: 'slack'; readonly slack: number }
  | { readonly kind: 'policy'; readonly policy: string }
  | { readonly kind: 'markets'; readonly markets: readonly Market[] }
  /** None: it stays where it is. */
  | { readonly kind: 'may-move-to'; readonly regions: string; readonly targets: readonly string[] }
  | {
      readonly kind: 'data'
      readonly regions: string
      readonly property: 'bytes' | 'samples'
      readonly change: Change
    }

export type LinkChange = {
  readonly kind: 'link'
  readonly from: string
  readonly to: string
  readonly isBothWays: boolean
  readonly property: LinkProperty
  readonly change: Change
}

/** In Mbit/s, ms, and USD per GB. */
export const linkProperties = ['bandwidth', 'rtt', 'egress'] as const
export type LinkProperty = (typeof linkProperties)[number]

export type Change =
  | { readonly kind: 'times'; readonly factor: number }
  | { readonly kind: 'set'; readonly value: number }

/** What is '' or null matches any. */
export type DevicePattern = {
  readonly deviceModel: string
  readonly market: Market | null
  readonly zone: string
  readonly instanceType: string
}

export function changed(before: number, change: Change): number {
  return change.kind === 'times' ? before * change.factor : change.value
}
