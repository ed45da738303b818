// A user-land imitation of the network between regions for one computer: an HTTP CONNECT proxy with one listener per
// source region. The destination's loopback address tells its region, the pair names two directed links, and the link
// table gives their rate and delay. gRPC clients use it by `grpc_proxy=http://127.0.0.1:PORT`, without any code of ours.
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { present } from '#runtime/assert.ts'
import type { Clock } from '#runtime/clock.ts'
import { CloudlessError, messageOf, notFound } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import { connectionsMax, handshakeBytes, queueBytesMin, queueMs, type RelayConfig, type RelayLink } from './config.ts'
import { pipe } from './pipe.ts'
import { ShapedLink } from './shaped-link.ts'

/** 'reset' breaks connections and refuses new ones; 'silent' lets them hang, as when packets vanish. */
export type CutKind = 'reset' | 'silent'
export type LinkStats = {
  readonly from: string
  readonly to: string
  readonly bytes: number
  readonly cut: CutKind | null
}

export type Relay = {
  /** Port of each region's proxy on 127.0.0.1. */
  readonly ports: Readonly<Record<string, number>>
  /** Payload bytes that arrived, per directed link, in ascending order of (from, to). */
  stats(): LinkStats[]
  /** Cuts one direction; a connection needs both. */
  cut(from: string, to: string, kind?: CutKind): void
  restore(from: string, to: string): void
  stop(): Promise<void>
}

type Road = {
  readonly from: string
  readonly to: string
  readonly link: ShapedLink
  readonly connections: Set<Duplex>
  bytes: number
  cut: CutKind | null
}

export async function startRelay(config: RelayConfig, clock: Clock, log: Log): Promise<Relay> {
  const roads = new Map(config.links.map((link) => [nameOf(link.from, link.to), openRoad(link, clock)]))
  const regionOfHost = new Map(config.regions.map(({ host, region }) => [host, region]))
  const servers: Server[] = []
  const ports: Record<string, number> = {}
  const sockets = new Set<Socket>()
  for (const { region, port } of config.regions) {
    const server = createServer((_request, response) => {
      response.writeHead(405, { 'content-type': 'text/plain' }).end('this proxy knows only CONNECT\n')
    })
    server.maxConnections = connectionsMax
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    server.on('connect', (request, socket, head) => {
      socket.on('error', () => {})
      const trip = findTrip(request.url ?? '', region, regionOfHost, roads)
      if ('refusal' in trip) {
        log.warn({ region, target: request.url, refusal: trip.refusal }, 'connection refused')
        return refuse(socket, trip.refusal)
      }
      if (head.length > 0) socket.unshift(head)
      travel(trip, socket as Socket, log).catch((error: unknown) => {
        log.debug({ region, target: request.url, error: messageOf(error) }, 'connection failed')
        refuse(socket, messageOf(error))
      })
    })
    ports[region] = await listen(server, port)
    servers.push(server)
  }
  const roadOf = (from: string, to: string): Road => {
    const road = roads.get(nameOf(from, to))
    if (road === undefined) throw notFound('link', nameOf(from, to))
    return road
  }
  return {
    ports,
    stats: () =>
      [...roads.values()]
        .map(({ from, to, bytes, cut }) => ({ from, to, bytes, cut }))
        .sort((a, b) => (nameOf(a.from, a.to) < nameOf(b.from, b.to) ? -1 : 1)),
    cut: (from, to, kind = 'reset') => cutRoad(roadOf(from, to), kind),
    restore: (from, to) => restoreRoad(roadOf(from, to)),
    stop: async () => {
      const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)))
      for (const socket of sockets) socket.destroy()
      for (const road of roads.values()) for (const connection of road.connections) connection.destroy()
      await Promise.all(closed)
    },
  }
}

type Trip = { readonly there: Road; readonly back: Road; readonly host: string; readonly port: number }

function findTrip(
  target: string,
  region: string,
  regionOfHost: ReadonlyMap<string, string>,
  roads: ReadonlyMap<string, Road>,
): Trip | { readonly refusal: string } {
  const [, host = '', port = ''] = /^([^:]+):(\d{1,5})$/.exec(target) ?? []
  if (host === '' || Number(port) < 1 || Number(port) > 65_535) return { refusal: `"${target}" is not HOST:PORT` }
  const destination = regionOfHost.get(host)
  if (destination === undefined) return { refusal: `${host} belongs to no region of the relay` }
  const there = roads.get(nameOf(region, destination))
  const back = roads.get(nameOf(destination, region))
  if (there === undefined) return { refusal: `there is no link from ${region} to ${destination}` }
  if (back === undefined) return { refusal: `there is no link from ${destination} to ${region}` }
  for (const road of [there, back]) {
    if (road.cut === 'reset') return { refusal: `the link from ${road.from} to ${road.to} is cut` }
  }
  return { there, back, host, port: Number(port) }
}

/** Opens the far end after the time that a handshake takes on these links, then carries bytes until either end closes. */
async function travel({ there, back, host, port }: Trip, near: Socket, log: Log): Promise<void> {
  const join = (socket: Duplex): void => {
    for (const road of [there, back]) {
      road.connections.add(socket)
      socket.once('close', () => road.connections.delete(socket))
    }
  }
  join(near)
  await crossing(there.link)
  const far = await dial(host, port)
  join(far)
  await crossing(back.link)
  if (near.destroyed) return void far.destroy()
  near.write('HTTP/1.1 200 Connection established\r\n\r\n')
  log.debug({ from: there.from, to: there.to, port }, 'connection open')
  await pipe(
    near,
    far,
    { link: there.link, count: (bytes) => (there.bytes += bytes) },
    { link: back.link, count: (bytes) => (back.bytes += bytes) },
  )
}

function crossing(link: ShapedLink): Promise<void> {
  return new Promise((resolve) => void link.send(handshakeBytes, resolve))
}

function dial(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, allowHalfOpen: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.removeListener('error', reject)
      socket.on('error', () => {})
      resolve(socket)
    })
  })
}

function refuse(socket: Duplex, refusal: string): void {
  if (socket.destroyed) return
  socket.end(`HTTP/1.1 502 Bad gateway\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n${refusal}\n`)
}

function openRoad({ from, to, mbitPerSecond, roundTripMs }: RelayLink, clock: Clock): Road {
  const bytesPerSecond = (mbitPerSecond * 1e6) / 8
  const queueBytesMax = Math.max(queueBytesMin, (bytesPerSecond * queueMs) / 1_000)
  const link = new ShapedLink(clock, { bytesPerSecond, delayMs: roundTripMs / 2, queueBytesMax })
  return { from, to, link, connections: new Set(), bytes: 0, cut: null }
}

function cutRoad(road: Road, kind: CutKind): void {
  restoreRoad(road)
  road.cut = kind
  if (kind === 'silent') road.link.pause()
  else for (const connection of road.connections) connection.destroy()
}

function restoreRoad(road: Road): void {
  road.cut = null
  road.link.resume()
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const text = `the relay cannot listen on 127.0.0.1:${port}: ${error.message}; choose another port`
      reject(new CloudlessError('conflict', 'CANNOT_LISTEN', text, { cause: error }))
    })
    server.listen(port, '127.0.0.1', () => {
      const address = present(server.address(), 'address of a listening server') as AddressInfo
      resolve(address.port)
    })
  })
}

function nameOf(from: string, to: string): string {
  return `${from} -> ${to}`
}
