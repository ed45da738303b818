// A pipeline file becomes a PipelineSpec for the wire, or one error that names every wrong field, its line and the fix.
import { z } from 'zod'
import type { PipelineSpec } from '#proto/generated/cloudless/v1/PipelineSpec.ts'
import { stageFaults } from '#proto/pipelines/stage-graph.ts'
import { invalid } from '#runtime/errors.ts'
import { limits } from './config.ts'
import { labelsSchema, nameSchema, sloSchema, timeoutSchema } from './function-file-schema.ts'
import { sloOf } from './function-file.ts'
import { decodeYaml, readYamlText, type YamlKind } from './yaml-file.ts'

const stageSchema = z.strictObject({
  /** That of its function where none is given. */
  name: nameSchema.optional(),
  function: nameSchema,
  after: z.union([z.string(), z.array(z.string())], 'must be the name of a stage, or a list of names').default([]),
  inputs: z
    .record(z.string().min(1, 'is empty'), z.string('must be "stage.output", or an input of the request'))
    .default({}),
})

export const pipelineFileSchema = z.strictObject({
  name: nameSchema,
  stages: z.array(stageSchema).max(1000, 'must have at most 1000'),
  slo: sloSchema.optional(),
  timeout_ms: timeoutSchema.optional(),
  owner: z.string().max(200).default(''),
  labels: labelsSchema,
})

const pipelineFileKind: YamlKind = {
  name: 'pipeline file',
  reason: 'PIPELINE_FILE',
  bytesMax: limits.pipelineFileBytesMax,
  knownKeysAt: (path) => {
    const shapes: Readonly<Record<string, object>> = {
      '': pipelineFileSchema.shape,
      slo: sloSchema.shape,
      stages: stageSchema.shape,
    }
    return Object.keys(shapes[path.filter((part) => typeof part === 'string').join('.')] ?? {})
  },
}

export function readPipelineFile(path: string): PipelineSpec {
  return decodePipelineFile(readYamlText(path, pipelineFileKind), path)
}

/** Pure: `path` is for messages. */
export function decodePipelineFile(text: string, path: string): PipelineSpec {
  const { content, lineOf } = decodeYaml(text, path, pipelineFileSchema, pipelineFileKind)
  const stages = content.stages.map(({ name, function: of, after, inputs }) => {
    return { name: name ?? of, function: of, after: typeof after === 'string' ? [after] : after, inputs }
  })
  const faults = stageFaults(stages)
  if (faults.length > 0) {
    const told = faults.map(({ field, description }) => {
      return { field, description: `${description}${lineOf(pathOf(field), false)}` }
    })
    throw invalid(told, pipelineFileKind.reason)
  }
  const { name, slo, timeout_ms: timeoutMs, owner, labels } = content
  return {
    name,
    stages,
    ...(slo === undefined ? {} : { slo: sloOf(slo) }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    owner,
    labels,
  }
}

/** `stages[1].after` as the keys that lead there. */
function pathOf(field: string): readonly PropertyKey[] {
  const parts = field.split(/[.[\]]+/).filter((part) => part !== '')
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part))
}
