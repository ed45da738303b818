// Whether a snapshot that another region offers can be taken over here: asked before its first byte is fetched, and
// again before the first byte here changes, so that one that is wrong changes nothing. What is wrong is told once, and
// the offer is passed over as long as it stays: another region may have a better one.
import { firstNonFinite } from '../sync/codec/non-finite.ts'
import { outerVectorNames, type RoundRule } from '../sync/apply/apply-result.ts'
import { elementCount, layoutDifference, tensorAt, type Layout } from '../replica/layout.ts'
import type { Vectors } from '../partition-state.ts'
import type { RoundsHost } from './host.ts'
import type { StateSnapshot } from './types.ts'

type CheckingHost = Pick<RoundsHost, 'region' | 'layout' | 'hasForgotten' | 'versions' | 'cursorProblem' | 'refused'>
type Wrong = { readonly reason: string; readonly text: string }

export class SnapshotChecks {
  readonly #host: CheckingHost
  readonly #rule: RoundRule
  /** What was told of each source last. */
  readonly #told = new Map<string, string>()
  /** What only the content of a source's newest offer showed. */
  readonly #spoilt = new Map<string, { readonly content: string } & Wrong>()

  constructor(host: CheckingHost, rule: RoundRule) {
    this.#host = host
    this.#rule = rule
  }

  /** False, and told, where it can not be taken over. */
  isUsable(source: string, snapshot: StateSnapshot): boolean {
    const spoilt = this.#spoilt.get(source)
    const wrong = spoilt?.content === contentOf(snapshot) ? spoilt : problemOf(snapshot, this.#host, this.#rule)
    if (wrong === null) this.#told.delete(source)
    else this.#tell(source, snapshot, wrong)
    return wrong === null
  }

  /** The same once the vectors are here. */
  isWhole(source: string, snapshot: StateSnapshot, vectors: Vectors): boolean {
    const wrong = nonFinite(snapshot, vectors)
    if (wrong !== null) this.#spoilt.set(source, { content: contentOf(snapshot), ...wrong })
    return this.isUsable(source, snapshot)
  }

  #tell(source: string, { round }: StateSnapshot, { reason, text }: Wrong): void {
    if (this.#told.get(source) === text) return
    this.#told.set(source, text)
    this.#host.refused(
      source,
      reason,
      `region ${source} offers a snapshot of round ${round} that is of no use: ${text}`,
    )
  }
}

function problemOf(snapshot: StateSnapshot, host: CheckingHost, rule: RoundRule): Wrong | null {
  const invalid = (text: string): Wrong => ({ reason: 'SNAPSHOT_INVALID', text })
  const { layout, cursors, versions, plan } = snapshot
  const difference = host.layout === null ? null : layoutDifference(host.layout, layout)
  if (difference !== null) return { reason: 'LAYOUT_DIFFERS', text: difference }
  const vectors = vectorProblem(snapshot, layout, rule)
  if (vectors !== null) return invalid(vectors)
  if (plan === null) return invalid('plan is missing; it must be the plan of its round')
  const cursor = cursors[host.region]
  const cursorProblem = cursor === undefined ? null : host.cursorProblem(cursor)
  if (cursorProblem !== null) return invalid(`cursors[${host.region}]: ${cursorProblem}`)
  const [told, known] = [versions[host.region] ?? 0, host.versions()[host.region] ?? 0]
  if (host.hasForgotten || told <= known) return null
  return invalid(`versions[${host.region}] is ${told} where this region made ${known} updates and lost none`)
}

function vectorProblem({ vectors }: StateSnapshot, layout: Layout, rule: RoundRule): string | null {
  const elements = elementCount(layout)
  const names = ['parameters', ...outerVectorNames(rule)]
  const surplus = Object.keys(vectors).find((name) => !names.some((wanted) => wanted === name))
  if (surplus !== undefined) return `vectors has ${surplus}; it must have ${names.join(', ')} only`
  for (const name of names) {
    const payload = vectors[name]
    if (payload === undefined) return `vectors has no ${name}; it must have ${names.join(', ')}`
    if (payload.codec !== 'fp32' || payload.elements !== elements || payload.bytes !== 4 * elements) {
      const found = `${payload.elements} elements in ${payload.bytes} bytes of ${payload.codec}`
      return `vectors.${name} is ${found}; it must be ${elements} elements of exact float32, as the model has`
    }
  }
  return null
}

function nonFinite({ layout }: StateSnapshot, vectors: Vectors): Wrong | null {
  for (const [name, values] of Object.entries(vectors)) {
    const at = firstNonFinite(values)
    if (at === null) continue
    const text = `${name} is ${values[at]} in tensor ${tensorAt(layout, at)?.name ?? '?'}; it must be finite`
    return { reason: 'SNAPSHOT_INVALID', text }
  }
  return null
}

function contentOf({ vectors }: StateSnapshot): string {
  return Object.entries(vectors)
    .map(([name, { sha256 }]) => `${name} ${sha256}`)
    .sort()
    .join(' ')
}
