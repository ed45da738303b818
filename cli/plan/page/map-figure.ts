// The map of a plan as one SVG without scripts: regions as circles, what crosses the WAN as bent arrows, whose two directions lie
// apart. Places that nobody knows stand in a row below the map. Everything on it is in the tables of the page too.
import type { Topology } from 'topojson-specification'
import { html, type Html } from '../../report/page/html.ts'
import type { PlanAnswer } from '../answer.ts'
import { mapLinks, mapRegions, type MapLink, type MapRegion, type RegionRole } from './map-parts.ts'
import { placeLabels, type Label, type PlacedLabel } from './place-labels.ts'
import { worldMap, type Point, type Size } from './world-map.ts'

const size: Size = { width: 1160, height: 560 }
/** Below the map, for places that nobody knows. */
const rowHeight = 64
/** Labels on more links than these hide each other. */
const labelledLinksMax = 14

const radius: Readonly<Record<RegionRole, number>> = { trains: 8, 'sends-data': 7, refused: 5, idle: 3 }

const roleText: Readonly<Record<RegionRole, string>> = {
  trains: 'trains',
  'sends-data': 'has data that is moved away',
  refused: 'considered, not taken',
  idle: 'there, without data of this job',
}

export function mapFigure(answer: PlanAnswer, land: Topology): Html {
  const regions = mapRegions(answer)
  const links = mapLinks(answer)
  const known = regions.flatMap(({ site }) => (site === null ? [] : [site]))
  const map = worldMap(known, land, size)
  const unknown = regions.filter(({ site }) => site === null)
  const height = size.height + (unknown.length > 0 ? rowHeight : 0)
  const pointOf = new Map(
    regions.map(({ region, site }) => {
      return [region, site === null ? rowPoint(unknown, region) : map.place(site)] as const
    }),
  )
  const arcs = links.flatMap((link): Arc[] => {
    const [from, to] = [pointOf.get(link.from), pointOf.get(link.to)]
    return from === undefined || to === undefined ? [] : [arcOf(link, from, to, widthOf(link, links))]
  })
  const names = placeLabels(labelsOf(regions, arcs, pointOf), [...pointOf.values()], { ...size, height })
  const row =
    unknown.length === 0
      ? null
      : html`<g class="row">
          <line x1="0" y1="${size.height}" x2="${size.width}" y2="${size.height}" />
          <text x="12" y="${size.height + 20}">place unknown</text>
        </g>`
  return html`<figure class="map">
    <div class="scroll" tabindex="0" role="region" aria-label="Map">
      <svg viewBox="0 0 ${size.width} ${height}" role="img" aria-label="${describe(regions, links)}">
        <defs>${marker('sync')}${marker('data')}</defs>
        <rect class="sea" width="${size.width}" height="${size.height}" />
        <path class="graticule" d="${map.graticule}" />
        <path class="land" d="${map.land}" />
        ${row} ${arcs.map(drawArc)}
        ${regions.toReversed().map((region) => drawRegion(region, pointOf.get(region.region)!))}
        ${names.map((label, i) => (label === null ? null : drawLabel(label, i < regions.length ? 'name' : 'carried')))}
      </svg>
    </div>
    <figcaption>${legend(regions, links)}</figcaption>
  </figure>`
}

function rowPoint(unknown: readonly MapRegion[], region: string): Point {
  const index = unknown.findIndex((each) => each.region === region)
  const step = Math.min(260, (size.width - 160) / unknown.length)
  return { x: 140 + step * index, y: size.height + rowHeight / 2 + 6 }
}

type Arc = { readonly link: MapLink; readonly path: string; readonly middle: Point; readonly width: number }

/** A bend to the right of its way, so that the way back lies on the other side. */
function arcOf(link: MapLink, from: Point, to: Point, width: number): Arc {
  const [dx, dy] = [to.x - from.x, to.y - from.y]
  const distance = Math.max(1, Math.hypot(dx, dy))
  const bend = Math.min(90, 0.16 * distance + 8) + (link.purpose === 'data' ? 14 : 0)
  const control = { x: (from.x + to.x) / 2 - (dy / distance) * bend, y: (from.y + to.y) / 2 + (dx / distance) * bend }
  // The arrow ends at the circle, not in it.
  const back = Math.min(12, distance / 3)
  const last = Math.max(1, Math.hypot(to.x - control.x, to.y - control.y))
  const end = { x: to.x - ((to.x - control.x) / last) * back, y: to.y - ((to.y - control.y) / last) * back }
  const middle = { x: (from.x + 2 * control.x + end.x) / 4, y: (from.y + 2 * control.y + end.y) / 4 }
  const path = `M${px(from.x)},${px(from.y)}Q${px(control.x)},${px(control.y)} ${px(end.x)},${px(end.y)}`
  return { link, path, middle, width }
}

/** By what a link carries: four times as much is twice as wide. */
function widthOf({ bytes }: MapLink, links: readonly MapLink[]): number {
  const most = Math.max(1, ...links.map((link) => link.bytes))
  return 1.2 + 3.3 * Math.sqrt(bytes / most)
}

function drawArc({ link, path, width }: Arc): Html {
  return html`<path
    class="arc ${link.purpose}"
    d="${path}"
    stroke-width="${px(width)}"
    marker-end="url(#${link.purpose})"
  >
    <title>${link.text}</title>
  </path>`
}

function drawRegion({ region, role, text }: MapRegion, { x, y }: Point): Html {
  return html`<circle class="${role}" cx="${px(x)}" cy="${px(y)}" r="${radius[role]}">
    <title>${region}, ${roleText[role]}. ${text}</title>
  </circle>`
}

function drawLabel({ text, x, y, anchor }: PlacedLabel, kind: string): Html {
  return html`<text class="${kind}" x="${px(x)}" y="${px(y)}" text-anchor="${anchor}">${text}</text>`
}

/** Of every region in their order, then of the links. */
function labelsOf(
  regions: readonly MapRegion[],
  arcs: readonly Arc[],
  pointOf: ReadonlyMap<string, Point>,
): readonly Label[] {
  const names = regions.map(({ region, role }): Label => {
    const isNeeded = role === 'trains' || role === 'sends-data'
    return { text: region, at: pointOf.get(region)!, distance: radius[role] + 4, isNeeded }
  })
  const labelled = arcs.length > labelledLinksMax ? [] : arcs
  return [
    ...names,
    ...labelled.map(({ link, middle }) => ({
      text: link.label,
      at: middle,
      distance: 6,
      isNeeded: false,
      isAbove: true,
    })),
  ]
}

function marker(purpose: string): Html {
  return html`<marker
    id="${purpose}"
    class="${purpose}"
    viewBox="0 0 10 10"
    refX="7"
    refY="5"
    markerWidth="9"
    markerHeight="9"
    markerUnits="userSpaceOnUse"
    orient="auto"
  >
    <path d="M0,1L9,5L0,9z" />
  </marker>`
}

function describe(regions: readonly MapRegion[], links: readonly MapLink[]): string {
  const count = (role: RegionRole): number => regions.filter((region) => region.role === role).length
  const trains = regions.filter(({ role }) => role === 'trains').map(({ region }) => region)
  const parts = [
    trains.length === 0 ? 'Map of the regions; none trains' : `Map: ${trains.join(', ')} train`,
    ...(count('sends-data') > 0 ? [`data is moved from ${count('sends-data')} more`] : []),
    ...(links.length > 0 ? [`${links.length} links are used`] : []),
  ]
  return `${parts.join('; ')}. The tables below have all of it.`
}

function legend(regions: readonly MapRegion[], links: readonly MapLink[]): Html {
  const shown = (Object.keys(roleText) as RegionRole[]).filter((role) => regions.some((region) => region.role === role))
  const purposes = (['data', 'sync'] as const).filter((purpose) => links.some((link) => link.purpose === purpose))
  const arrowText = { data: 'training data on its way', sync: 'synchronisation' } as const
  return html`<ul class="legend">
    ${shown.map(
      (role) =>
        html`<li>
          <svg class="key" viewBox="0 0 20 20" aria-hidden="true">
            <circle class="${role}" cx="10" cy="10" r="${radius[role]}" />
          </svg>
          ${roleText[role]}
        </li>`,
    )}
    ${purposes.map(
      (purpose) =>
        html`<li>
          <svg class="key" viewBox="0 0 20 20" aria-hidden="true">
            <path class="arc ${purpose}" d="M1,10L19,10" stroke-width="3" />
          </svg>
          ${arrowText[purpose]}; wider is more
        </li>`,
    )}
  </ul>`
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10)
}
