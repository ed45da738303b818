// A child process for the crash test: commits for ever and prints what was acknowledged, one line each.
import { aJob, aUsage } from '#control-plane/model/builders.ts'
import { openStore } from '#control-plane/store/open-store.ts'

const store = await openStore(process.argv[2]!)
const first = store.view().jobs.length
for (let n = first; ; n++) {
  const job = aJob({ id: `j-${n}`, requestId: `request-${n}` })
  const usage = aUsage({ id: `usage-${n}`, jobId: job.id, quantity: 1, fromMs: n, toMs: n + 1 })
  const price = { unitPriceUsd: 1, unitPrice: 1, currency: 'USD', amountUsd: 1, catalogHash: '' }
  const entry = { ...usage, ...price }
  const outcome = await store.commit(
    [
      { kind: 'create-job', job, fingerprint: '' },
      { kind: 'ledger', entry },
      { kind: 'journal', agentId: 'agent', fromSeq: n, toSeq: n + 1 },
    ],
    store.view().revision,
  )
  const data = Buffer.from(`line ${n}\n`)
  const instanceId = 'j-0/a/worker-0'
  const offset = await store.logs.append({ instanceId, offset: await store.logs.length(instanceId), data })
  if (outcome.kind === 'committed') process.stdout.write(`${n} ${offset}\n`)
}
