// Python packages that some tests use where they are to be had: an index that lacks one only has those tests skipped, with a line that
// says so. Installed into the environment that `cloudless setup-python` keeps, never into one that a person named.
import { spawnSync } from 'node:child_process'

type Optional = { readonly modules: readonly string[]; readonly requirements: readonly string[]; readonly what: string }

const optional: readonly Optional[] = [
  {
    modules: ['onnx', 'onnxruntime'],
    requirements: ['onnx>=1.14,<2', 'onnxruntime>=1.16,<2'],
    what: 'models for ONNX Runtime',
  },
  {
    modules: ['grpc_tools'],
    requirements: ['grpcio-tools>=1.60,<2'],
    what: "a client of the protocol that gRPC's generator makes",
  },
  {
    modules: ['tritonclient.http', 'tritonclient.grpc'],
    requirements: ['tritonclient[http,grpc]>=2.40,<3'],
    what: "a third party's client of the protocol",
  },
]

const installMs = 180_000

export function installOptional(python: string, note: (text: string) => void): void {
  for (const { modules, requirements, what } of optional) {
    if (spawnSync(python, ['-c', `import ${modules.join(', ')}`], { stdio: 'ignore' }).status === 0) continue
    note(`> python: installing ${requirements.join(' ')}, for the tests of ${what}`)
    const { status } = spawnSync(python, ['-m', 'pip', 'install', '--quiet', ...requirements], {
      // An index that is away should be told at once; pip's own repeats take minutes.
      env: { ...process.env, PIP_RETRIES: '0', PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_INPUT: '1' },
      stdio: 'ignore',
      timeout: installMs,
    })
    if (status !== 0) note(`> python: not to be had here; the tests of ${what} are skipped`)
  }
}
