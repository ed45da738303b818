import { describe, expect, test } from 'vitest'
import { devicesOfLog, type SharingMeans } from './devices-of-log.ts'
import { parseMigNames, parseSmiLog } from './smi-log.ts'

const gib = 2 ** 30
const uuidOf = (digit: string): string => `GPU-${digit.repeat(8)}-9a4b-4c9e-8d2a-1b2c3d4e5f60`

function aLog(...gpus: readonly string[]): string {
  return `<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
<nvidia_smi_log><timestamp>Fri</timestamp><driver_version>580.95.05</driver_version><cuda_version>13.0</cuda_version>
${gpus.join('\n')}</nvidia_smi_log>`
}

type Gpu = { digit?: string; name?: string; mebibytes?: string; mode?: string; mig?: string; processes?: string }

function aGpu({
  digit = '1',
  name = 'Tesla T4',
  mebibytes = '15360 MiB',
  mode = 'Default',
  mig = '',
  processes = '',
}: Gpu = {}): string {
  return `<gpu id="00000000:00:1E.0"><product_name>${name}</product_name>
<mig_mode><current_mig>${mig === '' ? 'N/A' : 'Enabled'}</current_mig></mig_mode><mig_devices>${mig === '' ? 'None' : mig}</mig_devices>
<uuid>${uuidOf(digit)}</uuid><fb_memory_usage><total>${mebibytes}</total></fb_memory_usage>
<compute_mode>${mode}</compute_mode><processes>${processes}</processes></gpu>`
}

const alone = { offBecause: '', mps: 'none' } as const
const devicesOf = (text: string, means: SharingMeans = alone) => devicesOfLog(parseSmiLog(text), new Map(), means)

describe('what nvidia-smi says', () => {
  test('GPUs in ascending order of id, with their memory, and what the driver is', () => {
    const log = parseSmiLog(
      aLog(aGpu({ digit: '5' }), aGpu({ digit: '1', name: 'NVIDIA A100-SXM4-40GB', mebibytes: '40960 MiB' })),
    )
    expect([log.driverVersion, log.cudaVersion]).toEqual(['580.95.05', '13.0'])
    expect(devicesOfLog(log, new Map(), alone)).toEqual([
      { id: uuidOf('1'), model: 'nvidia-a100', units: 1, memoryBytes: 40 * gib, sharing: 'interposer' },
      { id: uuidOf('5'), model: 'nvidia-t4', units: 1, memoryBytes: 15 * gib, sharing: 'interposer' },
    ])
  })

  test.each([
    ['no GPU', aLog()],
    ['one whose memory cannot be read', aLog(aGpu({ mebibytes: '[N/A]' }))],
    ['one that lost its name', aLog(aGpu({ name: '' }))],
    ['one without memory', aLog(aGpu({ mebibytes: '0 MiB' }))],
    ['an id that is none', aLog(aGpu({ digit: 'x' }))],
    ['one on which nothing may compute', aLog(aGpu({ mode: 'Prohibited' }))],
  ])('%s is left out', (_, text) => {
    expect(devicesOf(text)).toEqual([])
  })

  test('one GPU listed twice is one', () => {
    expect(devicesOf(aLog(aGpu(), aGpu())).length).toBe(1)
  })

  test('programs on a GPU are known', () => {
    const processes = '<process_info><pid>7</pid><process_name>nvidia-cuda-mps-server</process_name></process_info>'
    expect(parseSmiLog(aLog(aGpu({ processes }))).gpus[0]!.programs).toEqual(['nvidia-cuda-mps-server'])
  })

  test('a mode that lets one process in is shared only under an MPS of the machine itself', () => {
    const text = aLog(aGpu({ mode: 'Exclusive_Process' }))
    expect(devicesOf(text)).toMatchObject([{ sharing: 'whole', wholeBecause: expect.stringContaining('compute mode') }])
    expect(devicesOf(text, { offBecause: '', mps: 'ours' })).toMatchObject([{ sharing: 'whole' }])
    expect(devicesOf(aLog(aGpu()), { offBecause: '', mps: 'ours' })).toMatchObject([{ sharing: 'interposer-mps' }])
    expect(devicesOf(text, { offBecause: '', mps: 'machine' })).toMatchObject([{ sharing: 'interposer-mps' }])
  })

  test('without means of sharing GPUs are whole, and the reason goes with them', () => {
    expect(devicesOf(aLog(aGpu()), { offBecause: 'no compiler', mps: 'none' })).toMatchObject([
      { sharing: 'whole', wholeBecause: 'no compiler' },
    ])
  })

  test('MIG devices are handed out whole instead of their GPU, under the names of nvidia-smi -L', () => {
    const mig = (index: number): string =>
      `<mig_device><index>${index}</index><fb_memory_usage><total>20096 MiB</total></fb_memory_usage></mig_device>`
    const log = parseSmiLog(aLog(aGpu({ name: 'NVIDIA A100-SXM4-40GB', mebibytes: '40960 MiB', mig: mig(0) + mig(1) })))
    const names = parseMigNames(
      `GPU 0: NVIDIA A100-SXM4-40GB (UUID: ${uuidOf('1')})\n` +
        '  MIG 3g.20gb     Device  0: (UUID: MIG-aaaaaaaa-1111-5222-8333-444444444444)\n  MIG nonsense\n',
    )
    expect(devicesOfLog(log, names, alone)).toMatchObject([
      { id: 'MIG-aaaaaaaa-1111-5222-8333-444444444444', model: 'nvidia-a100-mig-3g.20gb', sharing: 'whole' },
    ])
  })
})
