import pc from 'picocolors'
import { expect, test } from 'vitest'
import type { Pipeline__Output } from '#proto/generated/cloudless/v1/Pipeline.ts'
import { renderPipeline, renderPipelines } from './pipeline.ts'

const plainStyle = pc.createColors(false)
const stage = (name: string) => ({ name, function: `do-${name}`, after: [], inputs: {} })
const seen = (region: string, p99Ms: number) => ({
  id: 'p-1',
  region,
  arrived: 200,
  answered: 190,
  failed: 4,
  refused: 10,
  overSlo: 12,
  requestsPerSecond: 3.25,
  p50Ms: 21,
  p99Ms,
  burnFiveMinutes: 11,
  burnOneHour: 0.5,
  stages: [
    { stage: 'crop', answered: 190, failed: 0, p50Ms: 8, p99Ms: p99Ms / 2 },
    { stage: 'tag', answered: 0, failed: 9, p50Ms: 0, p99Ms: 0 },
  ],
})
const look = (measured: Pipeline__Output['measured']): Pipeline__Output => ({
  id: 'p-1',
  spec: {
    name: 'look',
    stages: [stage('crop'), stage('tag')],
    slo: { latencyMs: 80, percentile: 99, per: 'SLO_PER_REQUEST' },
    timeoutMs: 30_000,
    owner: '',
    labels: {},
  },
  state: 'PIPELINE_STATE_READY',
  reason: 'answers in lab',
  budgets: [
    { stage: 'crop', budgetMs: 30 },
    { stage: 'tag', budgetMs: 50 },
  ],
  createdAtMs: 0,
  revision: 1,
  endpoints: [],
  measured,
})
const row = (text: string, name: string): readonly string[] =>
  text
    .split('\n')
    .findLast((line) => line.trim().startsWith(name))!
    .trim()
    .split(/\s{2,}/)

test('a pipeline shows how long its stages took beside their parts of the objective, and how fast errors use up the budget', () => {
  const text = renderPipeline(look([seen('lab', 90), seen('rack', 70)]), plainStyle)
  expect(text).toContain(
    '  in lab 3.3 requests/s, p50 21.0 ms, p99 90.0 ms; of 200 requests 10 were refused and 4 failed, 12 missed the objective; burn 11.00 (5 min), 0.50 (1 h)',
  )
  expect(row(text, 'crop').slice(-3)).toEqual(['30.0', '8.0', '45.0'])
  // Nobody was answered by it.
  expect(row(text, 'tag').slice(-3)).toEqual(['50.0', '-', '-'])
  expect(row(renderPipelines([look([seen('lab', 90)])], plainStyle), 'look').slice(-3)).toEqual([
    '90.0',
    '11.0',
    'answers in lab',
  ])
})

test('a pipeline that nobody has asked shows nothing of what nobody saw', () => {
  const text = renderPipeline(look([]), plainStyle)
  expect(text).not.toContain('requests/s')
  expect(row(text, 'crop').slice(-3)).toEqual(['30.0', '-', '-'])
})
