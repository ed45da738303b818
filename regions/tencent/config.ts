// What is asked of Tencent Cloud. Its API names no GPU, only families of machines; these are the ones with whole NVIDIA GPUs that anyone
// may rent. GN10X and GN10Xp have V100 of 32 GB, whatever some pages say.

export const deviceModelByFamily: Readonly<Record<string, string>> = {
  GI3X: 'nvidia-t4',
  GN7: 'nvidia-t4',
  GN8: 'nvidia-p40',
  GN10X: 'nvidia-v100',
  GN10Xp: 'nvidia-v100',
  GT4: 'nvidia-a100',
  PNV4: 'nvidia-a10',
}
/** One vCPU of it is a unit of "cpu". */
export const cpuInstanceTypes = ['S5.2XLARGE16'] as const
/** The list of regions is asked here. */
export const homeRegion = 'ap-guangzhou'

/** The two sites have accounts, endpoints and currencies of their own. */
export const sites = {
  mainland: { endpoint: 'cvm.tencentcloudapi.com', currency: 'CNY' },
  international: { endpoint: 'cvm.intl.tencentcloudapi.com', currency: 'USD' },
} as const
export type Site = keyof typeof sites
