// The Unix socket on which workers of this machine ring: one request, one answer, in order. A socket belongs to the
// session that it names in HELLO, and its end is the session's end: a worker that dies gives its leases back at once.
import { rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { present } from '#runtime/assert.ts'
import { CloudlessError, messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { VectorMemory } from '../replica/memory.ts'
import type { WorkerSide } from '../worker-side.ts'
import { encodeAnswer, RequestReader, type BellAnswer, type BellRequest, type StepRequest } from './bell-frames.ts'
import { socketPathBytesMax } from './config.ts'
import type { Session, Sessions } from './sessions.ts'
import type { SharedFile } from './shared-file.ts'
import { newestParameters, takeInitial, takeStep } from './take-step.ts'

export type BellOptions = {
  readonly path: string
  readonly side: WorkerSide
  readonly sessions: Sessions
  readonly memory: VectorMemory
  readonly log: Log
}

export class BellServer {
  readonly #options: BellOptions
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(options: BellOptions) {
    this.#options = options
    this.#server = createServer((socket) => this.#accept(socket))
  }

  async start(): Promise<void> {
    const { path } = this.#options
    const bytes = Buffer.byteLength(path)
    if (bytes > socketPathBytesMax) {
      const text = `${path} has ${bytes} bytes; a Unix socket's path has at most ${socketPathBytesMax}`
      throw new CloudlessError('invalid', 'SOCKET_PATH_TOO_LONG', text)
    }
    // A predecessor that was killed leaves its socket behind.
    rmSync(path, { force: true })
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(path, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    const bell = new Bell(socket, this.#options)
    socket.on('data', (bytes: Buffer) => bell.hear(bytes))
    socket.on('error', (error) => this.#options.log.warn({ error: messageOf(error) }, 'bell socket failed'))
    socket.on('close', () => {
      this.#sockets.delete(socket)
      bell.hangUp()
    })
  }
}

/** One worker's connection. */
class Bell {
  readonly #socket: Socket
  readonly #options: BellOptions
  readonly #requests = new RequestReader()
  readonly #closed = new AbortController()
  #session: Session | null = null
  #isAnswering = false

  constructor(socket: Socket, options: BellOptions) {
    this.#socket = socket
    this.#options = options
  }

  hear(bytes: Buffer): void {
    this.#requests.add(bytes)
    if (this.#isAnswering) {
      if (this.#requests.isFlooded) this.#socket.destroy()
      return
    }
    this.#isAnswering = true
    // `answerAll` handles its errors itself.
    void this.#answerAll()
  }

  hangUp(): void {
    this.#closed.abort(new CloudlessError('cancelled', 'BELL_CLOSED', 'the bell socket closed'))
    if (this.#session === null) return
    this.#session.isBound = false
    this.#options.sessions.end(this.#session, 'the bell socket closed')
  }

  async #answerAll(): Promise<void> {
    try {
      for (let request = this.#requests.next(); request !== null; request = this.#requests.next()) {
        const answer = encodeAnswer(await this.#answer(request))
        if (this.#socket.writable) this.#socket.write(answer)
      }
      this.#isAnswering = false
    } catch (error) {
      // Frames that are no frames, and faults of ours: after either the stream cannot be trusted, and nothing more is
      // read from it.
      if (!(error instanceof CloudlessError)) this.#options.log.error({ error: String(error) }, 'a bell request failed')
      const text = error instanceof CloudlessError ? error.message : 'internal error; the log of the server has more'
      this.#socket.end(encodeAnswer(this.#refused(text)), () => this.#socket.destroy())
    }
  }

  async #answer(request: BellRequest): Promise<BellAnswer> {
    if (request.op === 'hello') return this.#bind(request.sessionId)
    const session = this.#session
    if (session === null) return this.#refused(`${request.op.toUpperCase()} before HELLO; name the session first`)
    if (session.hasEnded) return this.#unknown(session.id)
    const letGo = this.#options.sessions.holdLanding(session)
    try {
      return await this.#exchange(session, request)
    } catch (error) {
      if (!(error instanceof CloudlessError)) throw error
      return this.#refused(error.message)
    } finally {
      letGo()
    }
  }

  async #exchange(session: Session, request: Exclude<BellRequest, { op: 'hello' }>): Promise<BellAnswer> {
    const { side, memory } = this.#options
    const shared = present(session.shared, 'the shared file of a session with a bell')
    if (request.op === 'step') return this.#step(session, shared, request)
    if (request.op === 'pull') {
      const readiness = await side.whenReady(this.#closed.signal)
      if (readiness === 'join-again') this.#options.sessions.end(session, 'the first parameters are wanted')
      return this.#fresh(session, shared, false)
    }
    const isFinite = await shared.readParameters(session.landing, memory)
    if (session.hasEnded) return this.#unknown(session.id)
    const fault = takeInitial(side, session, isFinite)
    await memory.settled()
    return fault === null ? this.#done(false) : this.#refused(fault)
  }

  #bind(sessionId: string): BellAnswer {
    const session = this.#options.sessions.find(sessionId)
    if (session === null) return this.#unknown(sessionId)
    if (this.#session !== null) return this.#refused(`this socket belongs to session ${this.#session.id} already`)
    if (session.isBound) return this.#refused(`session ${sessionId} has a bell already`)
    if (session.shared === null)
      return this.#refused(`session ${sessionId} joined without same_machine: it has no bell`)
    session.isBound = true
    session.onEnd = () => this.#socket.end()
    this.#session = session
    return this.#done(false)
  }

  async #step(session: Session, shared: SharedFile, request: StepRequest): Promise<BellAnswer> {
    const { side, memory } = this.#options
    const isFinite = await shared.readGradient(session.landing, memory)
    if (session.hasEnded) return this.#unknown(session.id)
    const { status, text, version, isOver } = await takeStep(side, session, request, isFinite)
    if (session.hasEnded) return this.#unknown(session.id)
    if (status !== 'done') return { status, text, version, isOver }
    return this.#fresh(session, shared, isOver)
  }

  /** Puts the newest parameters into the shared file, where the worker may read them once it has the answer. */
  async #fresh(session: Session, shared: SharedFile, isOver: boolean): Promise<BellAnswer> {
    if (session.hasEnded) return this.#unknown(session.id)
    const { side, memory } = this.#options
    await memory.settled()
    const { values } = present(side.replica, 'the replica of a partition that is ready')
    if (memory.isIdle) {
      // Nobody can ask for a kernel before this has been written, so that no copy is needed.
      shared.writeParameters(values)
      return this.#done(isOver)
    }
    const version = await newestParameters(side, session, memory)
    shared.writeParameters(session.landing)
    return this.#done(isOver, version)
  }

  #done(isOver: boolean, version = this.#options.side.version): BellAnswer {
    return { status: 'done', version, isOver, text: '' }
  }

  #refused(text: string): BellAnswer {
    return { status: 'refused', version: this.#options.side.version, isOver: false, text }
  }

  #unknown(sessionId: string): BellAnswer {
    const text = `session ${sessionId} is not known: it ended, or the parameter server restarted; join again`
    return { status: 'unknown-session', version: this.#options.side.version, isOver: false, text }
  }
}
