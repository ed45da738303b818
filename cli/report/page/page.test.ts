import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { InstanceEvent__Output } from '#proto/generated/cloudless/v1/InstanceEvent.ts'
import type { Job__Output } from '#proto/generated/cloudless/v1/Job.ts'
import type { Round__Output } from '#proto/generated/cloudless/v1/Round.ts'
import { aHistory, aJob, overTheWire, startMs } from '../a-history.fixture.ts'
import type { JobHistory } from '../job-history.ts'
import { jobReport } from '../job-report.ts'
import { escapeHtml, html, jsonBlock } from './html.ts'
import { readAssets, renderPage } from './page.ts'

const assets = await readAssets()
const pageOf = (history: JobHistory): string => renderPage(jobReport(history), history.rounds, assets)

/** The page without what we put in ourselves. */
function ownText(page: string): string {
  return [assets.style, ...assets.scripts].reduce((text, asset) => text.replace(asset, ''), page)
}

const hostile = '</script></title><script>alert(1)</script><img src=x onerror=alert(2)>"\'`&\u2028'

/** A history in which every text that someone else chose is hostile. */
function aHostileHistory(): JobHistory {
  const rename = <T>(value: T): T => {
    const json = JSON.stringify(value)
    return JSON.parse(json.replaceAll('tencent/ap-shanghai', JSON.stringify(hostile).slice(1, -1))) as T
  }
  const job = rename(aJob({ state: 'JOB_STATE_FAILED' }))
  const named: Job__Output = { ...job, spec: { ...job.spec!, name: hostile }, id: hostile, reason: hostile }
  const round = { number: 41, region: hostile, absent: { [hostile]: hostile }, atMs: startMs + 200_000, codec: hostile }
  const event = { instanceId: `${hostile}/${hostile}/ps`, kind: hostile, text: hostile, attempt: 2, atMs: startMs }
  const evaluation = { region: hostile, metrics: { [hostile]: 1 }, atMs: startMs + 1_000 }
  const base = aHistory()
  return {
    ...base,
    job: named,
    cost: rename(base.cost),
    rounds: [...rename(base.rounds), overTheWire<Round__Output>('Round', round)],
    events: [overTheWire<InstanceEvent__Output>('InstanceEvent', event)],
    evaluations: [overTheWire('Evaluation', evaluation)],
  }
}

describe('the page', () => {
  test('holds verdict, figures, charts, timeline, tables and cost', () => {
    const page = pageOf(aHistory())
    for (const text of [
      '<title>fashion-mnist j-4k2m9x7p: trained on all data of 3 regions</title>',
      'Trained on all data of 3 regions',
      'on average 2.9 % of the data took no part in a round',
      '0.9013',
      'id="chart-loss"',
      'id="chart-wan"',
      'accuracy, on held-out data',
      'class="span-absent"',
      'took no part in rounds 16-22',
      '19 % less than using everything',
    ])
      expect(page).toContain(text)
  })

  test('loads nothing and lets only its own scripts and style run', () => {
    const page = pageOf(aHistory())
    const text = ownText(page)
    expect(text).not.toMatch(/\b(src|href)=|url\(|@import|https?:\/\//)
    const policy = /Content-Security-Policy"\s+content="(?<policy>[^"]*)"/.exec(page)?.groups?.['policy'] ?? ''
    expect(policy).toContain('default-src &#39;none&#39;')
    const inline = [...page.matchAll(/<(?:style|script)>([\s\S]*?)<\/(?:style|script)>/g)].map((match) => match[1]!)
    expect(inline).toHaveLength(1 + assets.scripts.length)
    for (const content of inline)
      expect(policy).toContain(`sha256-${createHash('sha256').update(content).digest('base64')}`)
  })

  test('has what a reader without eyes on the charts needs', () => {
    const text = ownText(pageOf(aHistory()))
    expect(text).toMatch(/<html lang="en">/)
    expect(text.match(/<h1/g)).toHaveLength(1)
    expect(text).toContain('aria-label="Training loss over time; at the end aws/us-east-1 0.3288')
    expect(text).toMatch(/aria-label="tencent\/ap-shanghai was absent from 1 min \d+ s \(no word for 12\.0 s/)
    expect(text).toContain('<summary>Training loss as a table</summary>')
    expect(text).toMatch(/<th scope="col"/)
  })

  test('shows hostile names and reasons as text, wherever they stand', () => {
    const page = pageOf(aHostileHistory())
    const text = ownText(page)
    expect(text.match(/<script[ >]/g)).toHaveLength(1 + assets.scripts.length)
    expect(text).not.toMatch(/<img|<script>alert/)
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    const data = /<script type="application\/json" id="chart-data">([\s\S]*?)<\/script>/.exec(text)?.[1] ?? ''
    const names = (JSON.parse(data) as { curves: { name: string }[] }[]).flatMap(({ curves }) =>
      curves.map(({ name }) => name),
    )
    expect(names).toContain(hostile)
  })

  test('of a job without rounds has no script at all', () => {
    const job = aJob({ state: 'JOB_STATE_PENDING', progress: null, startedAtMs: 0, endedAtMs: 0 })
    const page = pageOf({ ...aHistory(), job, rounds: [], evaluations: [], events: [] })
    expect(page).not.toContain('<script')
    expect(page).toContain('No round was reported.')
  })
})

describe('escaping', () => {
  test('a template escapes text and keeps its own', () => {
    expect(html`<b>${'<i>'}</b>${[html`<u>${1}</u>`, '&']}${null}`.text).toBe('<b>&lt;i&gt;</b><u>1</u>&amp;')
    expect(escapeHtml(`"'\u0000\u009b`)).toBe('&quot;&#39;\uFFFD\uFFFD')
  })

  test('a block of data can not be ended from within, and reads back', () => {
    const { text } = jsonBlock('x', { name: '</script><!--', line: '\u2028' })
    const json = /^<script type="application\/json" id="x">(.*)<\/script>$/.exec(text)?.[1] ?? ''
    expect(json).not.toContain('<')
    expect(JSON.parse(json)).toEqual({ name: '</script><!--', line: '\u2028' })
  })
})
