// The file that a stand-alone manager is given: one device and the instances on it. Checked by hand, so that the manager runs
// with Node alone on a machine that has no packages. Unknown keys are refused by name. Pure.
import { invalid, type FieldViolation } from '#runtime/errors.ts'
import type { SharedDevice, SharedInstance } from './gpu-sharing.ts'

export type ManagerFile = {
  readonly device: SharedDevice
  /** Where the shared file lies. */
  readonly folder: string
  readonly instances: readonly SharedInstance[]
}

export function decodeManagerFile(text: string): ManagerFile {
  const root = new Fields(parse(text), 'config', [])
  const device = root.object('device')
  const file = {
    device: { deviceId: device.text('device_id'), memoryBytes: device.number('memory_bytes', 0) },
    folder: root.text('folder', '/dev/shm'),
    instances: [] as SharedInstance[],
  }
  device.end()
  for (const each of root.list('instances')) file.instances.push(instanceOf(each, file.device.deviceId))
  root.end()
  root.throwIfWrong()
  return file
}

function instanceOf(fields: Fields, deviceId: string): SharedInstance {
  const objective = fields.has('slo') ? fields.object('slo') : null
  const slo =
    objective === null
      ? null
      : { latencyMs: objective.number('latency_ms'), percentile: objective.number('percentile', 99) }
  objective?.end()
  const instance = {
    instanceId: fields.text('instance_id'),
    tag: fields.tag('tag'),
    deviceId,
    role: fields.choice('role', ['protected', 'confined'] as const),
    work: fields.choice('work', ['inference', 'training'] as const),
    isTokenByToken: fields.flag('token_by_token'),
    share: {
      requestMilli: fields.number('request_milli'),
      limitMilli: fields.number('limit_milli'),
      memoryBytes: fields.number('memory_bytes', 0),
      ...(fields.has('sm_milli') ? { smMilli: fields.number('sm_milli') } : {}),
    },
    objective: slo,
    latency: null,
  }
  fields.end()
  return instance
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw invalid([{ field: 'config', description: `is no JSON: ${String(error)}` }])
  }
}

/** One object of the file; what is wrong is gathered and thrown together. */
class Fields {
  readonly #values: Readonly<Record<string, unknown>>
  readonly #path: string
  readonly #wrong: FieldViolation[]
  readonly #read = new Set<string>()

  constructor(value: unknown, path: string, wrong: FieldViolation[]) {
    this.#path = path
    this.#wrong = wrong
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (!isObject) wrong.push({ field: path, description: `is ${JSON.stringify(value)}; give an object` })
    this.#values = isObject ? (value as Record<string, unknown>) : {}
  }

  has(key: string): boolean {
    return this.#values[key] !== undefined && this.#values[key] !== null
  }

  text(key: string, absent?: string): string {
    const value = this.#take(key) ?? absent
    if (typeof value === 'string' && value !== '') return value
    this.#refuse(key, 'give a text')
    return ''
  }

  number(key: string, absent?: number): number {
    const value = this.#take(key) ?? absent
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
    this.#refuse(key, 'give a number of 0 or more')
    return 0
  }

  flag(key: string): boolean {
    const value = this.#take(key) ?? false
    if (typeof value === 'boolean') return value
    this.#refuse(key, 'give true or false')
    return false
  }

  /** 64 bits are more than a JSON number holds, so it stands as text. */
  tag(key: string): bigint {
    const value = this.#take(key)
    if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value)
    this.#refuse(key, 'give a decimal number as text')
    return 0n
  }

  choice<T extends string>(key: string, values: readonly T[]): T {
    const value = this.#take(key)
    const found = values.find((each) => each === value)
    if (found !== undefined) return found
    this.#refuse(key, `give one of ${values.join(', ')}`)
    return values[0]!
  }

  object(key: string): Fields {
    return new Fields(this.#take(key), `${this.#path}.${key}`, this.#wrong)
  }

  list(key: string): readonly Fields[] {
    const value = this.#take(key) ?? []
    if (!Array.isArray(value)) this.#refuse(key, 'give a list')
    return Array.isArray(value)
      ? value.map((each, index) => new Fields(each, `${this.#path}.${key}[${index}]`, this.#wrong))
      : []
  }

  end(): void {
    for (const key of Object.keys(this.#values))
      if (!this.#read.has(key)) {
        const known = [...this.#read].join(', ')
        this.#wrong.push({ field: `${this.#path}.${key}`, description: `is unknown; known are ${known}` })
      }
  }

  throwIfWrong(): void {
    if (this.#wrong.length > 0) throw invalid(this.#wrong)
  }

  #take(key: string): unknown {
    this.#read.add(key)
    return this.#values[key] ?? undefined
  }

  #refuse(key: string, fix: string): void {
    const value = this.#values[key]
    const shown = value === undefined ? 'is missing' : `is ${JSON.stringify(value)}`
    this.#wrong.push({ field: `${this.#path}.${key}`, description: `${shown}; ${fix}` })
  }
}
