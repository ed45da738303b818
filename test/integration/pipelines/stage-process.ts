// A process that answers the Open Inference Protocol with its input `x`, to which it adds its first argument, as `y`. Prints its port.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

type Tensor = { name: string; data?: number[]; parameters?: { binary_data_size?: number } }

const add = Number(process.argv[2])
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks)
    const jsonBytes = Number(request.headers['inference-header-content-length'] ?? body.length)
    const { inputs } = JSON.parse(body.toString('utf8', 0, jsonBytes)) as { inputs: Tensor[] }
    const x = inputs.find(({ name }) => name === 'x')!
    const size = (x.parameters?.binary_data_size ?? 0) / 8
    const values = x.data ?? Array.from({ length: size }, (_, at) => body.readDoubleLE(jsonBytes + 8 * at))
    const data = values.map((value) => value + add)
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ outputs: [{ name: 'y', datatype: 'FP64', shape: [data.length], data }] }))
  })
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
