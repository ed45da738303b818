import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readFunctionFile } from './function-file.ts'
import { readPipelineFile } from './pipeline-file.ts'

test('the example’s pipeline is of the example’s functions', () => {
  const folder = join(import.meta.dirname, '../examples/serving')
  const { stages = [] } = readPipelineFile(join(folder, 'pipeline.yaml'))
  const functions = stages.map((stage) => readFunctionFile(join(folder, `${stage.function}.yaml`)).spec.name)
  expect(functions).toEqual(stages.map((stage) => stage.function))
})
