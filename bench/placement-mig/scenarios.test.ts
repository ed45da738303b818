import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { systemClock } from '#runtime/clock.ts'
import { run } from '../placement-mig.ts'
import { files } from './scenarios.ts'

const folder = process.env['CLOUDLESS_PROFILES'] ?? join(import.meta.dirname, '../../../shared/data/profiles')
const hasTables = files.every((file) => existsSync(join(folder, file)))
if (!hasTables) console.error(`bench/placement-mig: skipped, no tables in ${folder} (set CLOUDLESS_PROFILES)`)

test.skipIf(!hasTables)("ParvaGPU's scenarios take no more GPUs than published, and nothing is violated", async () => {
  const result = await run({ clock: systemClock(), args: [], note: () => {} })
  expect(result).toMatchObject({ gpus_s1: 2, gpus_s2: 3, gpus_s3: 5, violations: 0, exact: true })
})
