// The machine's own time, for fixtures that start real servers: only tests, benchmarks and main files may read it.
import { systemClock } from '#runtime/clock.ts'

export const realClock = systemClock()
