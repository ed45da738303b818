// Wire messages as the JSON of `--json`: snake_case keys as in job files, enum values as words ("running"), bytes in
// base64, numbers that JSON cannot say as null.

/** Maps from names that a user chose: their keys are data and stay as they are. */
const mapFields: ReadonlySet<string> = new Set([
  'environment',
  'labels',
  'samplesPerSecond',
  'labels',
  'held',
  'evaluation',
  'metrics',
  'metadata',
  'absent',
  'absentRounds',
  'refused',
  'inputs',
])

const enumPrefixes = [
  'JOB_STATE_',
  'FUNCTION_STATE_',
  'PIPELINE_STATE_',
  'PARTITION_PHASE_',
  'PLAN_OUTCOME_',
  'AGENT_STATE_',
  'DEVICE_SHARING_',
  'INSTANCE_STATE_',
  'USAGE_KIND_',
]

export function wireToJson(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'string') return enumWord(value)
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(wireToJson)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    fieldsOf(value).map(([key, inner]) => [
      snakeCase(key),
      mapFields.has(key) && typeof inner === 'object' && inner !== null ? finiteOnly(inner) : wireToJson(inner),
    ]),
  )
}

/** Decoding adds `_field` for each optional field that is set, which tells nothing that the field does not. */
function fieldsOf(message: object): readonly (readonly [string, unknown])[] {
  return Object.entries(message).filter(([key]) => !key.startsWith('_'))
}

/** `JOB_STATE_RUNNING` reads "running"; other text is left alone. */
export function enumWord(value: string): string {
  const prefix = enumPrefixes.find((candidate) => value.startsWith(candidate))
  return prefix === undefined ? value : value.slice(prefix.length).toLowerCase().replaceAll('_', '-')
}

function finiteOnly(map: object): unknown {
  return Object.fromEntries(
    Object.entries(map).map(([key, inner]) => [
      key,
      typeof inner === 'number' && !Number.isFinite(inner) ? null : inner,
    ]),
  )
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
