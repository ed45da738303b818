// `node test/fake-gpu/make-fake-gpu.ts FILE [fifo|round-robin|processor-sharing] [MEMORY_GIB] [NAME]` makes a fake GPU at FILE, builds
// the stand-in of libcuda.so.1, and prints the environment with which a program finds both, one NAME=VALUE a line. It says that it
// is a Tesla T4 where no other name is given, so that the catalogue has a price for it.
import { resolve } from 'node:path'
import { buildFakeGpu } from './build-fake-gpu.ts'
import { fakeGpuModels, makeFakeGpu } from './fake-gpu.ts'

const [path, modelName = 'processor-sharing', memoryGib = '16', name = 'Tesla T4'] = process.argv.slice(2)
const model = fakeGpuModels.find((each) => each === modelName)
if (path === undefined || model === undefined || !(Number(memoryGib) > 0)) {
  process.stderr.write(`usage: make-fake-gpu.ts FILE [${fakeGpuModels.join('|')}] [MEMORY_GIB] [NAME]\n`)
  process.exitCode = 2
} else {
  const { folder } = await buildFakeGpu()
  const gpu = makeFakeGpu(resolve(path), { name, model, memoryBytes: Number(memoryGib) * 1024 ** 3 })
  const environment = [
    `FAKE_GPU_FILE=${gpu.path}`,
    `LD_LIBRARY_PATH=${folder}`,
    `PATH=${import.meta.dirname}:${process.env['PATH'] ?? ''}`,
  ]
  process.stdout.write(`${environment.join('\n')}\n`)
}
