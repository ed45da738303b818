// Clients of the Open Inference Protocol that are not ours, through a region's gateway to real instances: one made by grpc-js from the
// protocol's own file, one by gRPC's generator for Python, one over HTTP with tensors as bytes, and NVIDIA's tritonclient; those in Python
// where the tests' Python has them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Client } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clock, explainSkip, python, TestCluster } from './cluster.fixture.ts'
import { grpcClient, inferGrpc, type GrpcAnswer } from './protocol-client.fixture.ts'

explainSkip('inference-clients')

let cluster: TestCluster
let http = ''
let grpc = ''

const rows = new Float32Array([1, 2, 3, 4])
const rowBytes = Buffer.from(rows.buffer)
const floats = (bytes: Buffer): number[] => [
  ...new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)),
]

describe.skipIf(python === '')('through the gateway', () => {
  beforeAll(async () => {
    cluster = await TestCluster.start({ regions: ['onprem/lab'], cpuUnits: 2 })
    const path = join(cluster.folder, 'function.yaml')
    const folder = join(import.meta.dirname, 'inference')
    const file = { name: 'scale', folder, handler: 'model:Scale', environment: { FACTOR: '2' }, batch_max: 4 }
    writeFileSync(path, JSON.stringify(file))
    const deployed = await cluster.cli(['--json', 'function', 'deploy', path])
    if (deployed.code !== 0) throw new Error(deployed.stderr)
    for (;;) {
      // Its instance answers before the gateway's address has come to the control plane, and its route to the gateway.
      const { function: found } = await cluster.services.functions.getFunction({ name: 'scale' })
      http = found?.endpoints[0]?.http ?? ''
      grpc = found?.endpoints[0]?.grpc ?? ''
      if (http !== '' && (await fetch(`http://${http}/v2/models/scale/ready`)).status === 200) return
      await clock.sleep(200)
    }
  }, 60_000)

  afterAll(() => cluster[Symbol.asyncDispose]())

  test('tensors go as bytes behind the JSON, both ways', async () => {
    const head = Buffer.from(
      JSON.stringify({
        inputs: [{ name: 'x', shape: [2, 2], datatype: 'FP32', parameters: { binary_data_size: 16 } }],
        outputs: [{ name: 'y', parameters: { binary_data: true } }],
      }),
    )
    const response = await fetch(`http://${http}/v2/models/scale/infer`, {
      method: 'POST',
      headers: { 'inference-header-content-length': String(head.length) },
      body: Buffer.concat([head, rowBytes]),
    })
    const bytes = Buffer.from(await response.arrayBuffer())
    expect(response.status, bytes.toString()).toBe(200)
    const cut = Number(response.headers.get('inference-header-content-length'))
    expect(JSON.parse(bytes.subarray(0, cut).toString())).toMatchObject({
      model_name: 'scale',
      outputs: [{ name: 'y', datatype: 'FP32', shape: [2, 2], parameters: { binary_data_size: 16 } }],
    })
    expect(floats(bytes.subarray(cut))).toEqual([2, 4, 6, 8])
  })

  test('a client that grpc-js makes of the protocol is answered, typed and raw', async () => {
    const client = grpcClient(grpc)
    try {
      const input = { name: 'x', datatype: 'FP32', shape: [2, 2] }
      const typed = await infer(client, { inputs: [{ ...input, contents: { fp32_contents: [...rows] } }] })
      expect(typed.outputs[0]).toMatchObject({ name: 'y', datatype: 'FP32', contents: { fp32_contents: [2, 4, 6, 8] } })
      const raw = await infer(client, { inputs: [input], raw_input_contents: [rowBytes] })
      expect(floats(raw.raw_output_contents[0]!)).toEqual([2, 4, 6, 8])
      const wrong = { inputs: [{ ...input, name: 'w', contents: { fp32_contents: [...rows] } }] }
      await expect(infer(client, wrong)).rejects.toMatchObject({
        code: 3,
        details: expect.stringContaining('it has x'),
      })
      await expect(infer(client, { model_name: 'other' })).rejects.toMatchObject({ code: 5 })
    } finally {
      client.close()
    }
  })

  test("a Python client that gRPC's own generator makes of the protocol works", async ({ skip }) => {
    const proto = join(import.meta.dirname, '../../proto/inference/grpc_service.proto')
    const { code, heard } = await runPython('generated_client.py', [proto, grpc, 'scale'])
    skip(code === 77, 'inference-clients: the generator is not installed (pip install grpcio-tools)')
    expect(code).toBe(0)
    expect(JSON.parse(heard)).toEqual({
      isLive: true,
      isReady: true,
      inputs: [['x', 'FP32', [-1, 2]]],
      id: '7',
      typed: [2, 4, 6, 8],
      raw: [2, 4, 6, 8],
      refusal: ['INVALID_ARGUMENT', expect.stringContaining('it has x')],
    })
  })

  test("NVIDIA's tritonclient works unchanged", async ({ skip }) => {
    const { code, heard } = await runPython('triton_client.py', [http, grpc, 'scale'])
    skip(code === 77, 'inference-clients: tritonclient is not installed (pip install tritonclient[http,grpc])')
    expect(code).toBe(0)
    const answer = {
      isLive: true,
      isReady: true,
      y: [
        [2, 4],
        [6, 8],
      ],
      refusal: expect.stringMatching(/^InferenceServerException: .*it has x/),
    }
    expect(JSON.parse(heard)).toEqual({ http: answer, grpc: answer })
  })
})

function infer(client: Client, request: object): Promise<GrpcAnswer> {
  return inferGrpc(client, { model_name: 'scale', ...request })
}

async function runPython(
  name: string,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly heard: string }> {
  const script = join(import.meta.dirname, 'inference', name)
  const child = spawn(python, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [heard, [code]] = await Promise.all([text(child.stdout), once(child, 'exit') as Promise<[number | null]>])
  return { code, heard }
}
