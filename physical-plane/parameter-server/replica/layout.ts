// What a replica holds: named tensors laid end to end in one float32 vector, parameters first, then buffers, and the
// optimiser that moves the parameters. A layout arrives from a worker or a peer, so everything in it is checked here,
// once; the rest of the parameter server trusts a `Layout`.
import type { TensorLayout, TensorLayout__Output } from '#proto/generated/cloudless/v1/TensorLayout.ts'
import type { Tensor__Output } from '#proto/generated/cloudless/v1/Tensor.ts'
import { invalid, type FieldViolation } from '#runtime/errors.ts'
import { replicaBytesMax, tensorDimensionsMax, tensorNameBytesMax, tensorsMax, violationsMax } from './config.ts'
import { checkOptimiser, type OptimiserSpec, type ParameterGroup } from './optimiser-spec.ts'

export type { OptimiserSpec, ParameterGroup } from './optimiser-spec.ts'

export type TensorSpec = {
  readonly name: string
  readonly shape: readonly number[]
  /** Elements: the product of the shape. */
  readonly length: number
  /** The optimiser's parameter group; 0 for buffers. */
  readonly group: number
  readonly isBuffer: boolean
  /** Type in the user's model; the replica is float32 whatever it is. */
  readonly dtype: string
}

export type Layout = { readonly tensors: readonly TensorSpec[]; readonly optimiser: OptimiserSpec }

const dtypes: ReadonlySet<string> = new Set(['float16', 'bfloat16', 'float32', 'float64'])

/** The layout in a message, or an `invalid` error that names each wrong field under `layout`. */
export function decodeLayout(wire: TensorLayout__Output | null): Layout {
  if (wire === null) throw invalid([{ field: 'layout', description: 'is missing; send the layout of the model' }])
  if (wire.tensors.length === 0 || wire.tensors.length > tensorsMax) {
    const description = `has ${wire.tensors.length} tensors; between 1 and ${tensorsMax} are supported`
    throw invalid([{ field: 'layout.tensors', description }])
  }
  const violations: FieldViolation[] = []
  const optimiser = checkOptimiser(wire.optimiser, violations)
  checkTensors(wire.tensors, optimiser?.groups.length ?? 0, violations)
  if (optimiser === null || violations.length > 0) throw invalid(violations.slice(0, violationsMax))
  const tensors = wire.tensors.map(({ name, shape, length, group, isBuffer, dtype }) => ({
    name,
    shape: [...shape],
    length,
    group: isBuffer ? 0 : group,
    isBuffer,
    dtype,
  }))
  return { tensors, optimiser }
}

export function encodeLayout(layout: Layout): TensorLayout {
  return {
    tensors: layout.tensors.map((tensor) => ({ ...tensor, shape: [...tensor.shape] })),
    optimiser: { kind: layout.optimiser.kind, groups: layout.optimiser.groups.map((group) => ({ ...group })) },
  }
}

export function elementCount(layout: Layout): number {
  return layout.tensors.reduce((sum, tensor) => sum + tensor.length, 0)
}

/** Elements that the optimiser moves; buffers follow them. */
export function parameterCount(layout: Layout): number {
  return layout.tensors.reduce((sum, tensor) => (tensor.isBuffer ? sum : sum + tensor.length), 0)
}

/** The tensor that holds element `index` of the flat vector. */
export function tensorAt(layout: Layout, index: number): TensorSpec | null {
  let end = 0
  for (const tensor of layout.tensors) {
    end += tensor.length
    if (index < end) return tensor
  }
  return null
}

/**
 * The first difference between two layouts in words, or null where the same replica serves both. Learning rates may
 * differ: every step brings its own.
 */
export function layoutDifference(expected: Layout, found: Layout): string | null {
  if (expected.tensors.length !== found.tensors.length) {
    return `layout.tensors has ${found.tensors.length} tensors where the job's model has ${expected.tensors.length}`
  }
  for (const [index, tensor] of expected.tensors.entries()) {
    const other = found.tensors[index]!
    const text = describe(tensor)
    if (text !== describe(other))
      return `layout.tensors[${index}] is ${describe(other)} where the job's model has ${text}`
  }
  const kind = expected.optimiser.kind
  if (kind !== found.optimiser.kind) {
    return `layout.optimiser.kind is ${found.optimiser.kind} where the job's is ${kind}`
  }
  for (const [index, group] of expected.optimiser.groups.entries()) {
    const other = found.optimiser.groups[index]
    if (other === undefined) return `layout.optimiser.groups[${index}] is missing`
    for (const name of Object.keys(group) as (keyof ParameterGroup)[]) {
      if (name === 'learningRate' || group[name] === other[name]) continue
      return `layout.optimiser.groups[${index}].${name} is ${other[name]} where the job's is ${group[name]}`
    }
  }
  if (found.optimiser.groups.length === expected.optimiser.groups.length) return null
  return `layout.optimiser.groups has ${found.optimiser.groups.length} where the job's has ${expected.optimiser.groups.length}`
}

function describe(tensor: TensorSpec): string {
  const role = tensor.isBuffer ? 'buffer' : `parameter of group ${tensor.group}`
  return `${role} ${tensor.name} ${tensor.dtype}[${tensor.shape.join(', ')}]`
}

function checkTensors(tensors: readonly Tensor__Output[], groups: number, violations: FieldViolation[]): void {
  const names = new Set<string>()
  let elements = 0
  let hasBuffer = false
  for (const [index, tensor] of tensors.entries()) {
    const problem = problemOf(tensor, names, groups, hasBuffer)
    if (problem !== null) {
      violations.push({ field: `layout.tensors[${index}].${problem.field}`, description: problem.description })
      if (violations.length >= violationsMax) return
    }
    names.add(tensor.name)
    hasBuffer ||= tensor.isBuffer
    elements += tensor.length
  }
  if (violations.length > 0) return
  const description = `are ${elements} elements of 4 bytes; between 1 element and ${replicaBytesMax} bytes are supported`
  if (elements < 1 || elements * 4 > replicaBytesMax) violations.push({ field: 'layout.tensors', description })
}

function problemOf(
  tensor: Tensor__Output,
  names: ReadonlySet<string>,
  groups: number,
  hasBuffer: boolean,
): FieldViolation | null {
  const { name, shape, length, group, isBuffer, dtype } = tensor
  if (name === '' || Buffer.byteLength(name) > tensorNameBytesMax) {
    return { field: 'name', description: `"${name.slice(0, 64)}" must have 1 to ${tensorNameBytesMax} bytes` }
  }
  if (names.has(name)) return { field: 'name', description: `"${name}" is used twice; names must be unique` }
  if (shape.length > tensorDimensionsMax || shape.some((size) => !Number.isSafeInteger(size) || size < 0)) {
    const description = `[${shape.slice(0, tensorDimensionsMax).join(', ')}] must be at most ${tensorDimensionsMax} sizes of 0 or more`
    return { field: 'shape', description }
  }
  const product = shape.reduce((elements, size) => elements * size, 1)
  if (length !== product) {
    return { field: 'length', description: `${length} must be ${product}, the product of the shape of ${name}` }
  }
  if (!dtypes.has(dtype)) {
    return { field: 'dtype', description: `"${dtype}" is not supported; use ${[...dtypes].join(', ')}` }
  }
  if (!isBuffer && hasBuffer) {
    return { field: 'isBuffer', description: `parameter ${name} follows a buffer; put parameters before buffers` }
  }
  if (!isBuffer && group >= groups) {
    return { field: 'group', description: `${group} does not exist; the optimiser has ${groups} parameter groups` }
  }
  return null
}
