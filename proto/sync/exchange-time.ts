// How long one exchange takes on the links as measured. Two regions swap directly, both ways at once. More of them
// meet at the hub: first every spoke's contribution comes in, then the result goes out to every spoke through the one
// uplink that the hub has. That uplink is taken to be as wide as the widest link it was seen to carry.
// A link is a delay and a bandwidth: delay + bytes / bandwidth; the delay is a round trip, because whoever wants
// bytes asks for them.

export type DirectedLink = {
  readonly from: string
  readonly to: string
  /** 0: not measured. */
  readonly bytesPerSecond: number
  readonly roundTripMs: number
}

export type Topology = {
  /** Ascending. */
  readonly regions: readonly string[]
  /** Null while there is none; then each region is tried, and the slowest hub is expected. */
  readonly hub: string | null
  readonly links: readonly DirectedLink[]
}

export type ExchangeTime = {
  readonly seconds: number
  /** What takes longest; null where there is nobody to exchange with. */
  readonly slowest: DirectedLink | null
}

/** Null while no link between these regions has been measured. Links that were not are left out. */
export function exchangeTime({ regions, hub, links }: Topology, bytes: number): ExchangeTime | null {
  if (regions.length < 2) return { seconds: 0, slowest: null }
  return exchangeTimeOver({ regions, hub }, lookUp(links), bytes)
}

/** The same with links that are looked up elsewhere. */
export function exchangeTimeOver(
  { regions, hub }: Pick<Topology, 'regions' | 'hub'>,
  linkOf: LinkOf,
  bytes: number,
): ExchangeTime | null {
  if (regions.length < 2) return { seconds: 0, slowest: null }
  if (regions.length === 2) {
    const [one, other] = regions as [string, string]
    return longest([legTime(linkOf(one, other), bytes), legTime(linkOf(other, one), bytes)])
  }
  if (hub !== null && regions.includes(hub)) return overHub(regions, linkOf, hub, bytes)
  return longest(regions.map((region) => overHub(regions, linkOf, region, bytes)))
}

/** A link as measured; else the one back, which at least has the same delay. */
export type LinkOf = (from: string, to: string) => DirectedLink | null

function lookUp(links: readonly DirectedLink[]): LinkOf {
  const key = (from: string, to: string): string => `${from} ${to}`
  const measured = links.filter(({ bytesPerSecond }) => bytesPerSecond > 0)
  const known = new Map(measured.map((link) => [key(link.from, link.to), link]))
  return (from, to) => known.get(key(from, to)) ?? known.get(key(to, from)) ?? null
}

function overHub(regions: readonly string[], linkOf: LinkOf, hub: string, bytes: number): ExchangeTime | null {
  const spokes = regions.filter((region) => region !== hub)
  const gather = longest(spokes.map((spoke) => legTime(linkOf(spoke, hub), bytes)))
  const scatter = scatterTime(linkOf, hub, spokes, bytes)
  if (gather === null || scatter === null) return gather ?? scatter
  return { seconds: gather.seconds + scatter.seconds, slowest: longest([gather, scatter])!.slowest }
}

/** As long as the slowest spoke takes, or as the uplink takes for all of them. */
function scatterTime(linkOf: LinkOf, hub: string, spokes: readonly string[], bytes: number): ExchangeTime | null {
  const links = spokes.map((spoke) => linkOf(hub, spoke)).filter((link) => link !== null)
  const alone = longest(links.map((link) => timeOf(link, bytes)))
  if (alone === null) return null
  const uplinkBytesPerSecond = Math.max(...links.map(({ bytesPerSecond }) => bytesPerSecond))
  const delaySeconds = Math.max(...links.map(({ roundTripMs }) => roundTripMs)) / 1000
  const together = delaySeconds + (spokes.length * bytes) / uplinkBytesPerSecond
  return { seconds: Math.max(alone.seconds, together), slowest: alone.slowest }
}

function legTime(link: DirectedLink | null, bytes: number): ExchangeTime | null {
  return link === null ? null : timeOf(link, bytes)
}

function timeOf(link: DirectedLink, bytes: number): ExchangeTime {
  return { seconds: link.roundTripMs / 1000 + bytes / link.bytesPerSecond, slowest: link }
}

function longest(times: readonly (ExchangeTime | null)[]): ExchangeTime | null {
  return times.reduce(
    (worst, time) => (worst === null || (time !== null && time.seconds > worst.seconds) ? time : worst),
    null,
  )
}
