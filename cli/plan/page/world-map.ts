// The part of the world in which some places lie, as paths for an SVG. The land is Natural Earth's (public domain), as world-atlas
// packs it. The view is turned so that the widest stretch without places is at its edge: a link is never cut by it.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { geoEqualEarth, geoGraticule10, geoPath, type GeoProjection } from 'd3-geo'
import { feature } from 'topojson-client'
import type { Topology } from 'topojson-specification'

export type Site = { readonly latitude: number; readonly longitude: number }
export type Point = { readonly x: number; readonly y: number }
export type Size = { readonly width: number; readonly height: number }

export type WorldMap = {
  readonly land: string
  readonly graticule: string
  readonly place: (site: Site) => Point
}

/** Between places and the edge, for names. */
const margin = { x: 110, y: 50 }
/** Nearer than this a map of the world's outlines shows nothing. */
const scaleMax = 900

export async function readLand(): Promise<Topology> {
  const path = createRequire(import.meta.url).resolve('world-atlas/land-110m.json')
  return JSON.parse(await readFile(path, 'utf8')) as Topology
}

export function worldMap(sites: readonly Site[], topology: Topology, size: Size): WorldMap {
  const projection = view(sites, size)
  // A tenth of a pixel is more than anybody sees.
  const path = geoPath(projection).digits(1)
  const { land } = topology.objects
  return {
    land: land === undefined ? '' : (path(feature(topology, land)) ?? ''),
    graticule: path(geoGraticule10()) ?? '',
    place: (site) => pointOf(projection, site),
  }
}

function view(sites: readonly Site[], { width, height }: Size): GeoProjection {
  const projection = geoEqualEarth().rotate([-middleLongitude(sites), 0])
  const extent: [[number, number], [number, number]] = [
    [margin.x, margin.y],
    [width - margin.x, height - margin.y],
  ]
  if (sites.length === 0) projection.fitExtent([[0, 0], extent[1]], { type: 'Sphere' })
  else {
    const coordinates = sites.map(({ longitude, latitude }) => [longitude, latitude])
    projection.fitExtent(extent, { type: 'MultiPoint', coordinates })
    if (!(projection.scale() <= scaleMax)) {
      projection.scale(scaleMax).translate([0, 0])
      const points = sites.map((site) => pointOf(projection, site))
      const middle = (values: readonly number[]): number => (Math.min(...values) + Math.max(...values)) / 2
      projection.translate([
        width / 2 - middle(points.map(({ x }) => x)),
        height / 2 - middle(points.map(({ y }) => y)),
      ])
    }
  }
  return projection.clipExtent([
    [0, 0],
    [width, height],
  ])
}

function pointOf(projection: GeoProjection, { longitude, latitude }: Site): Point {
  const [x, y] = projection([longitude, latitude]) ?? [0, 0]
  return { x, y }
}

/** Opposite the middle of the widest gap between neighbours around the globe. */
export function middleLongitude(sites: readonly Site[]): number {
  const sorted = sites.map(({ longitude }) => longitude).sort((a, b) => a - b)
  let widest = { gap: -1, middle: 180 }
  for (const [i, longitude] of sorted.entries()) {
    const next = i + 1 < sorted.length ? sorted[i + 1]! : sorted[0]! + 360
    if (next - longitude > widest.gap) widest = { gap: next - longitude, middle: (longitude + next) / 2 }
  }
  const opposite = widest.middle + 180
  return ((((opposite + 180) % 360) + 360) % 360) - 180
}
