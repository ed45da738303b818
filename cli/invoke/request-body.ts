// What a person gives as a request, as the JSON of the Open Inference Protocol: that itself, or just tensors by name as nested lists,
// whose shape is counted and whose data type is what the function declares, or what the values look like.
import { readFileSync, statSync } from 'node:fs'
import { invalid, messageOf } from '#runtime/errors.ts'
import { limits } from '../config.ts'

export type TensorDeclared = { readonly name: string; readonly datatype: string }

type Tensor = {
  readonly name: string
  readonly shape: readonly number[]
  readonly datatype: string
  readonly data: unknown[]
}

/** `given` is JSON, a file's name, or "-" for standard input. */
export function readData(given: string, readInput: () => string): unknown {
  const isText = /^\s*[[{]/.test(given)
  const text = isText ? given : given === '-' ? readInput() : readFile(given)
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw wrong(`${isText ? '' : `${given} `}is no JSON: ${messageOf(error)}; give an object of tensors by name`)
  }
}

function readFile(path: string): string {
  try {
    const { size } = statSync(path)
    if (size > limits.requestBytesMax) throw wrong(`${path} has ${size} bytes; at most ${limits.requestBytesMax}`)
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'violations' in error) throw error
    throw wrong(`${JSON.stringify(path)} is neither JSON nor a file that can be read: ${messageOf(error)}`)
  }
}

/** Whether only tensors by name are given, so that it matters what the function declares. */
export function isShort(data: unknown): data is Readonly<Record<string, unknown>> {
  return typeof data === 'object' && data !== null && !Array.isArray(data) && !('inputs' in data)
}

export function requestBody(data: unknown, declared: readonly TensorDeclared[]): object {
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    throw wrong('is no object; give {"inputs": [...]} or tensors by name, such as {"x": [[1, 2]]}')
  if (!isShort(data)) return data
  const inputs = Object.entries(data).map(([name, values]) => tensorOf(name, values, declared))
  if (inputs.length === 0) throw wrong('names no tensor; give at least one, such as {"x": [[1, 2]]}')
  return { inputs }
}

function tensorOf(name: string, values: unknown, declared: readonly TensorDeclared[]): Tensor {
  const nested = Array.isArray(values) ? (values as unknown[]) : [values]
  const shape: number[] = []
  for (let level: unknown = nested; Array.isArray(level); level = (level as unknown[])[0]) shape.push(level.length)
  const data: unknown[] = []
  flatten(name, nested, shape, 0, data)
  const datatype = declared.find((each) => each.name === name)?.datatype ?? looksLike(name, data)
  return { name, shape, datatype, data }
}

function flatten(name: string, values: unknown, shape: readonly number[], depth: number, to: unknown[]): void {
  if (depth === shape.length) {
    if (Array.isArray(values) || (typeof values === 'object' && values !== null))
      throw wrong(`tensor ${name}: lists are nested unevenly; give as many in each`)
    to.push(values)
    return
  }
  if (!Array.isArray(values) || values.length !== shape[depth])
    throw wrong(`tensor ${name}: a list at depth ${depth + 1} has not ${shape[depth]} entries; give as many in each`)
  for (const each of values as unknown[]) flatten(name, each, shape, depth + 1, to)
}

function looksLike(name: string, data: readonly unknown[]): string {
  if (data.every((each) => typeof each === 'number')) return 'FP32'
  if (data.every((each) => typeof each === 'boolean')) return 'BOOL'
  if (data.every((each) => typeof each === 'string')) return 'BYTES'
  throw wrong(`tensor ${name}: mixes kinds of values; give only numbers, only texts, or only true and false`)
}

function wrong(description: string): Error {
  return invalid([{ field: '--data', description }], 'USAGE')
}
