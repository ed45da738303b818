import { expect, test } from 'vitest'
import { absenceOf, absencesOf } from './absences.ts'

test('who asks in vain is told what lacks, without a word of the log', () => {
  const reason = 'exit code 1 after 0.4 s, failure 2 of 3; last lines of its log:\npassword=secret'
  const known = absencesOf([
    { jobId: 'f-1', state: 'backing-off', reason },
    { jobId: 'f-1', state: 'starting', reason: '' },
    { jobId: 'f-2', state: 'running', reason: '' },
    { jobId: 'f-3', state: 'stopped', reason: 'no longer wanted' },
    { jobId: 'f-4', state: 'starting', reason: `waits for ${'x'.repeat(1_000)}` },
  ])
  expect(absenceOf('f-1', known, true)).toBe('exit code 1 after 0.4 s, failure 2 of 3')
  expect(absenceOf('f-2', known, true)).toBe('one is being started')
  expect(absenceOf('f-3', known, true)).toBe('one is asked for')
  expect(absenceOf('f-3', known, false)).toBe('the control plane, which grants instances, is away')
  expect(absenceOf('f-4', known, false)).toHaveLength(300)
})
