import { get } from 'node:http'
import { expect, test } from 'vitest'
import { silentLog } from './log.ts'
import { createMetrics } from './metrics.ts'
import { parseMetricsAddress, serveMetrics } from './serve-metrics.ts'

function fetchText(address: string, path: string): Promise<{ status: number; type: string; text: string }> {
  return new Promise((resolve, reject) => {
    get(`http://${address}${path}`, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      const { statusCode: status = 0, headers } = response
      response.on('end', () => resolve({ status, type: headers['content-type'] ?? '', text }))
    }).on('error', reject)
  })
}

test('what is collected at that moment is served as text, and what is gone is gone', async () => {
  const metrics = createMetrics()
  const steps = metrics.counter('cloudless_test_steps_total', 'Steps.', ['region'])
  let now: Readonly<Record<string, number>> = { a: 3, b: 4 }
  metrics.collect(async () => {
    await Promise.resolve()
    steps.clear()
    for (const [region, value] of Object.entries(now)) steps.add(value, { region })
  })
  const server = await serveMetrics(metrics, { host: '127.0.0.1', port: 0 }, silentLog)
  try {
    const first = await fetchText(server.address, '/metrics')
    expect(first).toMatchObject({ status: 200, type: expect.stringContaining('version=0.0.4') })
    expect(first.text).toContain('cloudless_test_steps_total{region="a"} 3')
    now = { b: 5 }
    const [second, third] = await Promise.all([1, 2].map(() => fetchText(server.address, '/metrics')))
    expect(second?.text).toContain('{region="b"} 5')
    expect(second?.text).not.toContain('region="a"')
    expect(third?.text).toBe(second?.text)
    expect((await fetchText(server.address, '/')).status).toBe(404)
  } finally {
    await server.stop()
  }
})

test('a collector that fails is an answer, not the end', async () => {
  const metrics = createMetrics()
  let isBroken = true
  metrics.collect(() => {
    if (isBroken) throw new Error('no store')
  })
  const server = await serveMetrics(metrics, { host: '127.0.0.1', port: 0 }, silentLog)
  try {
    expect(await fetchText(server.address, '/metrics')).toMatchObject({ status: 500 })
    isBroken = false
    expect(await fetchText(server.address, '/metrics')).toMatchObject({ status: 200 })
    const port = Number(server.address.split(':')[1])
    await expect(serveMetrics(metrics, { host: '127.0.0.1', port }, silentLog)).rejects.toMatchObject({
      reason: 'METRICS_PORT',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    })
  } finally {
    await server.stop()
  }
})

test('an address is read, and another than loopback needs a word that it is meant', () => {
  expect(parseMetricsAddress('127.0.0.1:9464', false)).toEqual({ host: '127.0.0.1', port: 9464 })
  expect(parseMetricsAddress('[::1]:0', false)).toEqual({ host: '::1', port: 0 })
  expect(parseMetricsAddress('0.0.0.0:9464', true)).toEqual({ host: '0.0.0.0', port: 9464 })
  for (const [text, why] of [
    ['0.0.0.0:9464', '--allow-remote'],
    ['9464', 'is not host:port'],
    ['localhost:99999', 'is not host:port'],
  ] as const)
    expect(() => parseMetricsAddress(text, false)).toThrow(why)
})
