// Follows the routes file, which its agent replaces as a whole: told by the file system where it tells, and looked at all the same, as
// some do not. A file that is missing, too large or wrong leaves the routes as they were, and the log says so once.
import { watch, type FSWatcher } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { Clock, Timer } from '#runtime/clock.ts'
import { messageOf } from '#runtime/errors.ts'
import type { Log } from '#runtime/log.ts'
import type { GatewayConfig } from './config.ts'
import { parseRoutes, type Routes } from './routes.ts'

export type RoutesFileOptions = {
  readonly path: string
  readonly clock: Clock
  readonly log: Log
  readonly config: GatewayConfig
  readonly onRoutes: (routes: Routes) => void
}

export class RoutesFile {
  readonly #o: RoutesFileOptions
  #watcher: FSWatcher | null = null
  #timer: Timer | null = null
  #text = ''
  #mark = ''
  #trouble = ''
  #looking: Promise<void> = Promise.resolve()
  #isStopped = false

  constructor(options: RoutesFileOptions) {
    this.#o = options
  }

  async start(): Promise<void> {
    await this.look()
    try {
      // The folder: the file itself is another one after every change.
      this.#watcher = watch(dirname(this.#o.path), (_event, name) => {
        if (name === null || name === basename(this.#o.path)) void this.look()
      })
      this.#watcher.on('error', (error) => this.#tell(`it is not watched: ${messageOf(error)}`))
    } catch (error) {
      this.#tell(`it is not watched: ${messageOf(error)}`)
    }
    this.#poll()
  }

  stop(): void {
    this.#isStopped = true
    this.#watcher?.close()
    this.#timer?.cancel()
  }

  /** One look after the other. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look())
    return this.#looking
  }

  #poll(): void {
    if (this.#isStopped) return
    this.#timer = this.#o.clock.after(this.#o.config.routesPollMs, () => void this.look().then(() => this.#poll()))
  }

  async #look(): Promise<void> {
    if (this.#isStopped) return
    const { path, config, onRoutes } = this.#o
    try {
      const { size, mtimeMs, ino } = await stat(path)
      const mark = `${size} ${mtimeMs} ${ino}`
      if (mark === this.#mark) return
      if (size > config.routesBytesMax)
        throw new Error(`it has ${size} bytes; at most ${config.routesBytesMax} are read`)
      const text = await readFile(path, 'utf8')
      this.#mark = mark
      if (text === this.#text) return
      const parsed = parseRoutes(text)
      if ('wrong' in parsed) return this.#tell(parsed.wrong)
      this.#text = text
      this.#trouble = ''
      onRoutes(parsed.routes)
    } catch (error) {
      this.#tell(messageOf(error))
    }
  }

  #tell(trouble: string): void {
    if (trouble === this.#trouble) return
    this.#trouble = trouble
    this.#o.log.error({ path: this.#o.path, why: trouble }, 'routes stay as they were: the file cannot be used')
  }
}
