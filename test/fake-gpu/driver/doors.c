/* cuGetProcAddress of the fake driver, in both ABIs, and the variants for per-thread default streams. A name answers with the
 * newest version that the asker knows. */
#include <string.h>
#include "objects.h"

#define PER_THREAD(handle) ((handle) ? (handle) : (CUstream)(uintptr_t)PER_THREAD_STREAM)
CUresult cuLaunchKernelEx(const CUlaunchConfig *, CUfunction, void **, void **);
CUresult cuLaunchCooperativeKernel(CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream, void **);
CUresult cuMemAllocAsync(CUdeviceptr *, size_t, CUstream);
CUresult cuMemFreeAsync(CUdeviceptr, CUstream);
CUresult cuEventRecordWithFlags(CUevent, CUstream, unsigned);

CU cuLaunchKernel_ptsz(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
                       CUstream s, void **params, void **extra) {
  return cuLaunchKernel(f, gx, gy, gz, bx, by, bz, shared, PER_THREAD(s), params, extra);
}
CU cuLaunchKernelEx_ptsz(const CUlaunchConfig *config, CUfunction f, void **params, void **extra) {
  CUlaunchConfig moved = *config;
  moved.hStream = PER_THREAD(config->hStream);
  return cuLaunchKernelEx(&moved, f, params, extra);
}
CU cuLaunchCooperativeKernel_ptsz(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
                                  unsigned shared, CUstream s, void **params) {
  return cuLaunchCooperativeKernel(f, gx, gy, gz, bx, by, bz, shared, PER_THREAD(s), params);
}
CU cuStreamSynchronize_ptsz(CUstream s) { return cuStreamSynchronize(PER_THREAD(s)); }
CU cuStreamQuery_ptsz(CUstream s) { return cuStreamQuery(PER_THREAD(s)); }
CU cuStreamWaitEvent_ptsz(CUstream s, CUevent e, unsigned flags) { return cuStreamWaitEvent(PER_THREAD(s), e, flags); }
CU cuStreamBeginCapture_v2_ptsz(CUstream s, int mode) { return cuStreamBeginCapture_v2(PER_THREAD(s), mode); }
CU cuStreamEndCapture_ptsz(CUstream s, CUgraph *graph) { return cuStreamEndCapture(PER_THREAD(s), graph); }
CU cuStreamIsCapturing_ptsz(CUstream s, int *status) { return cuStreamIsCapturing(PER_THREAD(s), status); }
CU cuGraphLaunch_ptsz(CUgraphExec exec, CUstream s) { return cuGraphLaunch(exec, PER_THREAD(s)); }
CU cuEventRecord_ptsz(CUevent e, CUstream s) { return cuEventRecord(e, PER_THREAD(s)); }
CU cuEventRecordWithFlags_ptsz(CUevent e, CUstream s, unsigned flags) { return cuEventRecordWithFlags(e, PER_THREAD(s), flags); }
CU cuMemAllocAsync_ptsz(CUdeviceptr *pointer, size_t bytes, CUstream s) { return cuMemAllocAsync(pointer, bytes, PER_THREAD(s)); }
CU cuMemFreeAsync_ptsz(CUdeviceptr pointer, CUstream s) { return cuMemFreeAsync(pointer, PER_THREAD(s)); }

CU cuGetErrorName(CUresult error, const char **name) { return *name = error ? "CUDA_ERROR_OF_THE_FAKE" : "CUDA_SUCCESS", CUDA_SUCCESS; }
CU cuGetErrorString(CUresult error, const char **text) { return *text = error ? "an error of the fake GPU" : "no error", CUDA_SUCCESS; }
/* NVIDIA's private tables: there are none here. */
CU cuGetExportTable(const void **table, const void *id) { return (void)id, *table = NULL, CUDA_ERROR_NOT_FOUND; }

#define LIST(ENTRY, STREAM) \
  ENTRY(cuInit, 2000, cuInit) ENTRY(cuDriverGetVersion, 2020, cuDriverGetVersion) ENTRY(cuDeviceGet, 2000, cuDeviceGet) \
  ENTRY(cuDeviceGetCount, 2000, cuDeviceGetCount) ENTRY(cuDeviceGetName, 2000, cuDeviceGetName) \
  ENTRY(cuDeviceGetUuid, 9020, cuDeviceGetUuid) ENTRY(cuDeviceGetUuid, 11040, cuDeviceGetUuid_v2) \
  ENTRY(cuDeviceTotalMem, 3020, cuDeviceTotalMem_v2) ENTRY(cuDeviceGetAttribute, 2000, cuDeviceGetAttribute) \
  ENTRY(cuDevicePrimaryCtxRetain, 7000, cuDevicePrimaryCtxRetain) ENTRY(cuDevicePrimaryCtxRelease, 11000, cuDevicePrimaryCtxRelease_v2) \
  ENTRY(cuDevicePrimaryCtxReset, 11000, cuDevicePrimaryCtxReset_v2) ENTRY(cuDevicePrimaryCtxGetState, 7000, cuDevicePrimaryCtxGetState) \
  ENTRY(cuDevicePrimaryCtxSetFlags, 11000, cuDevicePrimaryCtxSetFlags_v2) ENTRY(cuCtxCreate, 3020, cuCtxCreate_v2) \
  ENTRY(cuCtxCreate, 11040, cuCtxCreate_v3) ENTRY(cuCtxCreate, 12050, cuCtxCreate_v4) ENTRY(cuCtxDestroy, 4000, cuCtxDestroy_v2) \
  ENTRY(cuCtxPushCurrent, 4000, cuCtxPushCurrent_v2) ENTRY(cuCtxPopCurrent, 4000, cuCtxPopCurrent_v2) \
  ENTRY(cuCtxSetCurrent, 4000, cuCtxSetCurrent) ENTRY(cuCtxGetCurrent, 4000, cuCtxGetCurrent) ENTRY(cuCtxGetDevice, 2000, cuCtxGetDevice) \
  ENTRY(cuCtxSynchronize, 2000, cuCtxSynchronize) ENTRY(cuCtxSynchronize, 13000, cuCtxSynchronize_v2) \
  ENTRY(cuModuleLoadData, 2000, cuModuleLoadData) ENTRY(cuModuleLoadDataEx, 2010, cuModuleLoadDataEx) \
  ENTRY(cuModuleGetFunction, 2000, cuModuleGetFunction) ENTRY(cuModuleUnload, 2000, cuModuleUnload) \
  ENTRY(cuFuncGetName, 12030, cuFuncGetName) ENTRY(cuLibraryLoadData, 12000, cuLibraryLoadData) \
  ENTRY(cuLibraryGetKernel, 12000, cuLibraryGetKernel) ENTRY(cuLibraryUnload, 12000, cuLibraryUnload) \
  ENTRY(cuKernelGetFunction, 12000, cuKernelGetFunction) ENTRY(cuKernelGetName, 12030, cuKernelGetName) \
  ENTRY(cuMemAlloc, 3020, cuMemAlloc_v2) ENTRY(cuMemAllocPitch, 3020, cuMemAllocPitch_v2) ENTRY(cuMemAllocManaged, 6000, cuMemAllocManaged) \
  STREAM(cuMemAllocAsync, 11020, cuMemAllocAsync) ENTRY(cuMemAllocFromPoolAsync, 11020, cuMemAllocFromPoolAsync) \
  ENTRY(cuMemFree, 3020, cuMemFree_v2) STREAM(cuMemFreeAsync, 11020, cuMemFreeAsync) ENTRY(cuMemCreate, 10020, cuMemCreate) \
  ENTRY(cuMemRelease, 10020, cuMemRelease) ENTRY(cuMemGetInfo, 3020, cuMemGetInfo_v2) ENTRY(cuMemcpyHtoD, 3020, cuMemcpyHtoD_v2) \
  ENTRY(cuMemcpyDtoH, 3020, cuMemcpyDtoH_v2) ENTRY(cuMemcpyHtoDAsync, 3020, cuMemcpyHtoDAsync_v2) \
  ENTRY(cuMemcpyDtoHAsync, 3020, cuMemcpyDtoHAsync_v2) STREAM(cuLaunchKernel, 4000, cuLaunchKernel) \
  STREAM(cuLaunchKernelEx, 11060, cuLaunchKernelEx) STREAM(cuLaunchCooperativeKernel, 9000, cuLaunchCooperativeKernel) \
  ENTRY(cuStreamCreate, 2000, cuStreamCreate) ENTRY(cuStreamCreateWithPriority, 5050, cuStreamCreateWithPriority) \
  ENTRY(cuStreamDestroy, 4000, cuStreamDestroy_v2) STREAM(cuStreamSynchronize, 2000, cuStreamSynchronize) \
  STREAM(cuStreamQuery, 2000, cuStreamQuery) STREAM(cuStreamWaitEvent, 3020, cuStreamWaitEvent) ENTRY(cuStreamGetCtx, 9020, cuStreamGetCtx) \
  STREAM(cuStreamBeginCapture, 10010, cuStreamBeginCapture_v2) STREAM(cuStreamEndCapture, 10000, cuStreamEndCapture) \
  STREAM(cuStreamIsCapturing, 10000, cuStreamIsCapturing) ENTRY(cuEventCreate, 2000, cuEventCreate) \
  ENTRY(cuEventDestroy, 4000, cuEventDestroy_v2) STREAM(cuEventRecord, 2000, cuEventRecord) \
  STREAM(cuEventRecordWithFlags, 11010, cuEventRecordWithFlags) ENTRY(cuEventQuery, 2000, cuEventQuery) \
  ENTRY(cuEventSynchronize, 2000, cuEventSynchronize) ENTRY(cuEventElapsedTime, 2000, cuEventElapsedTime) \
  ENTRY(cuGraphCreate, 10000, cuGraphCreate) ENTRY(cuGraphDestroy, 10000, cuGraphDestroy) \
  ENTRY(cuGraphAddKernelNode, 12000, cuGraphAddKernelNode_v2) ENTRY(cuGraphAddChildGraphNode, 10000, cuGraphAddChildGraphNode) \
  ENTRY(cuGraphGetNodes, 10000, cuGraphGetNodes) ENTRY(cuGraphNodeGetType, 10000, cuGraphNodeGetType) \
  ENTRY(cuGraphKernelNodeGetParams, 12000, cuGraphKernelNodeGetParams_v2) \
  ENTRY(cuGraphChildGraphNodeGetGraph, 10000, cuGraphChildGraphNodeGetGraph) \
  ENTRY(cuGraphInstantiate, 11000, cuGraphInstantiate_v2) ENTRY(cuGraphInstantiate, 12000, cuGraphInstantiateWithFlags) \
  ENTRY(cuGraphInstantiateWithFlags, 11040, cuGraphInstantiateWithFlags) \
  ENTRY(cuGraphInstantiateWithParams, 12000, cuGraphInstantiateWithParams) ENTRY(cuGraphExecDestroy, 10000, cuGraphExecDestroy) \
  STREAM(cuGraphLaunch, 10000, cuGraphLaunch) ENTRY(cuGetErrorName, 6000, cuGetErrorName) ENTRY(cuGetErrorString, 6000, cuGetErrorString) \
  ENTRY(cuGetExportTable, 3000, cuGetExportTable) ENTRY(cuGetProcAddress, 11030, cuGetProcAddress) \
  ENTRY(cuGetProcAddress, 12000, cuGetProcAddress_v2)

#define DECLARE(name, version, function) extern char declared_##function __asm__(#function);
#define DECLARE_BOTH(name, version, function) DECLARE(name, version, function) DECLARE(name, version, function##_ptsz)
#define ROW(name, version, function) {#name, version, 0, &declared_##function},
#define ROWS(name, version, function) ROW(name, version, function) {#name, version < 7000 ? 7000 : version, 1, &declared_##function##_ptsz},
/* Assembler names, so that the table need not know every signature. */
LIST(DECLARE, DECLARE_BOTH)

static const struct entry {
  const char *name;
  int version, is_per_thread;
  void *function;
} entries[] = {LIST(ROW, ROWS)};

enum { PER_THREAD_DEFAULT_STREAM = 2, FOUND = 0, SYMBOL_NOT_FOUND = 1, VERSION_NOT_SUFFICIENT = 2 };

CU cuGetProcAddress_v2(const char *symbol, void **function, int version, uint64_t flags, int *status) {
  const struct entry *best = NULL;
  bool is_known = false;
  for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
    const struct entry *e = &entries[i];
    if (strcmp(e->name, symbol) != 0) continue;
    is_known = true;
    if (e->version > version || (e->is_per_thread && !(flags & PER_THREAD_DEFAULT_STREAM))) continue;
    if (!best || e->version > best->version || (e->version >= best->version && e->is_per_thread)) best = e;
  }
  *function = best ? best->function : NULL;
  if (status) *status = best ? FOUND : is_known ? VERSION_NOT_SUFFICIENT : SYMBOL_NOT_FOUND;
  return best ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

CU cuGetProcAddress(const char *symbol, void **function, int version, uint64_t flags) {
  return cuGetProcAddress_v2(symbol, function, version, flags, NULL);
}
