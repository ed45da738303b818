// What NVIDIA's `nvidia-smi` prints, for the fake GPUs whose files FAKE_GPU_FILE names: `-q -x` (XML as of driver 580, the parts that
// matter; `-i UUID` for one of them), `-L`, and `--query-gpu=uuid,name,memory.total --format=csv,noheader,nounits`. A device whose file is gone is not listed.
// FAKE_NVIDIA_SMI makes it fail: `driver-failed`, `lost` (a GPU fell off the bus), `hang`, `garbage`, or `mig`: the
// first device is split in two.
import { existsSync } from 'node:fs'
import { type FakeGpu, readFakeGpu } from './fake-gpu.ts'

const exitDriver = 9
const exitLost = 15
const hangMs = 600_000

function main(args: readonly string[], environment: NodeJS.ProcessEnv): void {
  const variant = environment['FAKE_NVIDIA_SMI'] ?? ''
  const files = (environment['FAKE_GPU_FILE'] ?? '').split(':').filter((file) => file !== '' && existsSync(file))
  const asked = args.includes('-i') ? args[args.indexOf('-i') + 1] : null
  const gpus = files.map(readFakeGpu).filter(({ uuid }) => asked === null || uuid === asked)
  if (variant === 'hang') return void setTimeout(() => {}, hangMs)
  if (variant === 'garbage') return print('<?xml version="1.0" ?>\n<nvidia_smi_log>\n\t<gpu id="0000')
  if (variant === 'driver-failed' || gpus.length === 0) {
    print(
      "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. " +
        'Make sure that the latest NVIDIA driver is installed and running.\n',
    )
    process.exitCode = exitDriver
  } else if (variant === 'lost' || gpus.some(({ failure }) => failure !== 0)) {
    const index = Math.max(
      0,
      gpus.findIndex(({ failure }) => failure !== 0),
    )
    print(
      `Unable to determine the device handle for GPU${index}: ${busId(index)}: GPU is lost.  Reboot the system to recover this GPU\n`,
    )
    process.exitCode = exitLost
  } else if (args.includes('-L')) {
    print(gpus.map((gpu, index) => listed(gpu, index, variant === 'mig' && index === 0)).join(''))
  } else if (args.some((arg) => arg.startsWith('--query-gpu='))) {
    print(gpus.map((gpu) => `${gpu.uuid}, ${gpu.name}, ${mebibytes(gpu)}\n`).join(''))
  } else if (args.includes('-q') && args.includes('-x')) {
    print(log(gpus, variant === 'mig'))
  } else {
    print(`Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.\n`)
    process.exitCode = 6
  }
}

function log(gpus: readonly FakeGpu[], isMig: boolean): string {
  return `<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v13.dtd">
<nvidia_smi_log>
	<timestamp>Mon Jan  5 12:00:00 2026</timestamp>
	<driver_version>580.95.05</driver_version>
	<cuda_version>13.0</cuda_version>
	<attached_gpus>${gpus.length}</attached_gpus>
${gpus.map((gpu, index) => device(gpu, index, isMig && index === 0)).join('\n')}
</nvidia_smi_log>
`
}

function device(gpu: FakeGpu, index: number, isMig: boolean): string {
  const mode = isMig ? 'Enabled' : 'Disabled'
  return `	<gpu id="${busId(index)}">
		<product_name>${escaped(gpu.name)}</product_name>
		<product_brand>NVIDIA</product_brand>
		<product_architecture>Hopper</product_architecture>
		<display_mode>Disabled</display_mode>
		<persistence_mode>Enabled</persistence_mode>
		<mig_mode>
			<current_mig>${mode}</current_mig>
			<pending_mig>${mode}</pending_mig>
		</mig_mode>
${isMig ? migDevices(gpu) : '		<mig_devices>\n			None\n		</mig_devices>'}
		<serial>N/A</serial>
		<uuid>${gpu.uuid}</uuid>
		<minor_number>${index}</minor_number>
		<pci>
			<pci_bus>${bus(index)}</pci_bus>
			<pci_bus_id>${busId(index)}</pci_bus_id>
		</pci>
		<fb_memory_usage>
			<total>${mebibytes(gpu)} MiB</total>
			<reserved>0 MiB</reserved>
			<used>0 MiB</used>
			<free>${mebibytes(gpu)} MiB</free>
		</fb_memory_usage>
		<compute_mode>Default</compute_mode>
		<utilization>
			<gpu_util>0 %</gpu_util>
			<memory_util>0 %</memory_util>
		</utilization>
		<ecc_errors>
			<volatile>
				<sram_correctable>0</sram_correctable>
			</volatile>
		</ecc_errors>
		<processes>
		</processes>
	</gpu>
`
}

/** Two instances of half the device; they have no uuid of their own in this listing, as with NVIDIA's. */
function migDevices(gpu: FakeGpu): string {
  const half = (index: number): string => `			<mig_device>
				<index>${index}</index>
				<gpu_instance_id>${index + 1}</gpu_instance_id>
				<compute_instance_id>0</compute_instance_id>
				<device_attributes>
					<shared>
						<multiprocessor_count>${Math.floor(gpu.multiprocessors / 2)}</multiprocessor_count>
					</shared>
				</device_attributes>
				<fb_memory_usage>
					<total>${Math.floor(mebibytes(gpu) / 2)} MiB</total>
					<reserved>0 MiB</reserved>
					<used>0 MiB</used>
					<free>${Math.floor(mebibytes(gpu) / 2)} MiB</free>
				</fb_memory_usage>
			</mig_device>`
  return `		<mig_devices>\n${half(0)}\n${half(1)}\n		</mig_devices>`
}

function listed(gpu: FakeGpu, index: number, isMig: boolean): string {
  const half = (mig: number): string => `  MIG 3g.8gb      Device  ${mig}: (UUID: MIG-${gpu.uuid.slice(4, -1)}${mig})\n`
  return `GPU ${index}: ${gpu.name} (UUID: ${gpu.uuid})\n${isMig ? half(0) + half(1) : ''}`
}

function mebibytes(gpu: FakeGpu): number {
  return Math.floor(gpu.memoryBytes / 2 ** 20)
}

function bus(index: number): string {
  return (index + 1).toString(16).toUpperCase().padStart(2, '0')
}

function busId(index: number): string {
  return `00000000:${bus(index)}:00.0`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function print(text: string): void {
  process.stdout.write(text)
}

main(process.argv.slice(2), process.env)
