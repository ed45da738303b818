/* The entry points of the driver that are hooked, one line each, so that a hook's name, its ABI and the ways to ask for it
 * stand together. HOOK(name of the ELF symbol, name and first version by which cuGetProcAddress knows it, 1 if it takes
 * the per-thread default stream, parameters). The rows of a name stand in the order of their versions. No CUDA header is
 * used: these are our own prototypes of a public interface. Handles are pointers, enums are ints. */
#define KERNEL_PARAMETERS \
  (void *function, unsigned x, unsigned y, unsigned z, unsigned block_x, unsigned block_y, unsigned block_z, \
   unsigned shared_bytes, void *stream, void **parameters, void **extra)
#define COOPERATIVE_PARAMETERS \
  (void *function, unsigned x, unsigned y, unsigned z, unsigned block_x, unsigned block_y, unsigned block_z, \
   unsigned shared_bytes, void *stream, void **parameters)
#define PROC_ADDRESS_1 (const char *symbol, void **found, int version, uint64_t flags)
#define PROC_ADDRESS_2 (const char *symbol, void **found, int version, uint64_t flags, int *status)
#define TO_GRAPH_PARAMETERS \
  (void *stream, void *graph, const void *dependencies, const void *edges, size_t count, int mode)

#define CLOUDLESS_HOOKS(HOOK) \
  /* Doors. */ \
  HOOK(cuGetProcAddress, "cuGetProcAddress", 11030, 0, PROC_ADDRESS_1) \
  HOOK(cuGetProcAddress_ptsz, "cuGetProcAddress", 11030, 1, PROC_ADDRESS_1) \
  HOOK(cuGetProcAddress_v2, "cuGetProcAddress", 12000, 0, PROC_ADDRESS_2) \
  HOOK(cuGetProcAddress_v2_ptsz, "cuGetProcAddress", 12000, 1, PROC_ADDRESS_2) \
  /* Launches. */ \
  HOOK(cuLaunch, "cuLaunch", 2000, 0, (void *function)) \
  HOOK(cuLaunchGrid, "cuLaunchGrid", 2000, 0, (void *function, int x, int y)) \
  HOOK(cuLaunchGridAsync, "cuLaunchGridAsync", 2000, 0, (void *function, int x, int y, void *stream)) \
  HOOK(cuLaunchKernel, "cuLaunchKernel", 4000, 0, KERNEL_PARAMETERS) \
  HOOK(cuLaunchKernel_ptsz, "cuLaunchKernel", 7000, 1, KERNEL_PARAMETERS) \
  HOOK(cuLaunchCooperativeKernel, "cuLaunchCooperativeKernel", 9000, 0, COOPERATIVE_PARAMETERS) \
  HOOK(cuLaunchCooperativeKernel_ptsz, "cuLaunchCooperativeKernel", 9000, 1, COOPERATIVE_PARAMETERS) \
  HOOK(cuLaunchKernelEx, "cuLaunchKernelEx", 11060, 0, \
       (const struct cu_launch *config, void *function, void **parameters, void **extra)) \
  HOOK(cuLaunchKernelEx_ptsz, "cuLaunchKernelEx", 11060, 1, \
       (const struct cu_launch *config, void *function, void **parameters, void **extra)) \
  HOOK(cuGraphLaunch, "cuGraphLaunch", 10000, 0, (void *graph, void *stream)) \
  HOOK(cuGraphLaunch_ptsz, "cuGraphLaunch", 10000, 1, (void *graph, void *stream)) \
  /* Graphs. */ \
  HOOK(cuStreamBeginCapture, "cuStreamBeginCapture", 10000, 0, (void *stream)) \
  HOOK(cuStreamBeginCapture_ptsz, "cuStreamBeginCapture", 10000, 1, (void *stream)) \
  HOOK(cuStreamBeginCapture_v2, "cuStreamBeginCapture", 10010, 0, (void *stream, int mode)) \
  HOOK(cuStreamBeginCapture_v2_ptsz, "cuStreamBeginCapture", 10010, 1, (void *stream, int mode)) \
  HOOK(cuStreamBeginCaptureToGraph, "cuStreamBeginCaptureToGraph", 12030, 0, TO_GRAPH_PARAMETERS) \
  HOOK(cuStreamBeginCaptureToGraph_ptsz, "cuStreamBeginCaptureToGraph", 12030, 1, TO_GRAPH_PARAMETERS) \
  HOOK(cuStreamEndCapture, "cuStreamEndCapture", 10000, 0, (void *stream, void **graph)) \
  HOOK(cuStreamEndCapture_ptsz, "cuStreamEndCapture", 10000, 1, (void *stream, void **graph)) \
  HOOK(cuGraphInstantiate, "cuGraphInstantiate", 10000, 0, \
       (void **exec, void *graph, void **node, char *log, size_t bytes)) \
  HOOK(cuGraphInstantiate_v2, "cuGraphInstantiate", 11000, 0, \
       (void **exec, void *graph, void **node, char *log, size_t bytes)) \
  HOOK(cuGraphInstantiateWithFlags, "cuGraphInstantiateWithFlags", 11040, 0, \
       (void **exec, void *graph, unsigned long long flags)) \
  HOOK(cuGraphInstantiateWithParams, "cuGraphInstantiateWithParams", 12000, 0, (void **exec, void *graph, void *how)) \
  HOOK(cuGraphInstantiateWithParams_ptsz, "cuGraphInstantiateWithParams", 12000, 1, \
       (void **exec, void *graph, void *how)) \
  HOOK(cuGraphExecUpdate, "cuGraphExecUpdate", 10020, 0, (void *exec, void *graph, void **node, int *result)) \
  HOOK(cuGraphExecUpdate_v2, "cuGraphExecUpdate", 12000, 0, (void *exec, void *graph, void *result)) \
  HOOK(cuGraphExecDestroy, "cuGraphExecDestroy", 10000, 0, (void *exec)) \
  /* Evidence that work is done. */ \
  HOOK(cuCtxSynchronize, "cuCtxSynchronize", 2000, 0, (void)) \
  HOOK(cuCtxSynchronize_v2, "cuCtxSynchronize", 13000, 0, (void *context)) \
  HOOK(cuStreamSynchronize, "cuStreamSynchronize", 2000, 0, (void *stream)) \
  HOOK(cuStreamSynchronize_ptsz, "cuStreamSynchronize", 7000, 1, (void *stream)) \
  HOOK(cuStreamQuery, "cuStreamQuery", 2000, 0, (void *stream)) \
  HOOK(cuStreamQuery_ptsz, "cuStreamQuery", 7000, 1, (void *stream)) \
  HOOK(cuEventSynchronize, "cuEventSynchronize", 2000, 0, (void *event)) \
  HOOK(cuEventQuery, "cuEventQuery", 2000, 0, (void *event)) \
  HOOK(cuMemcpy, "cuMemcpy", 4000, 0, (uint64_t to, uint64_t from, size_t bytes)) \
  HOOK(cuMemcpy_ptds, "cuMemcpy", 7000, 1, (uint64_t to, uint64_t from, size_t bytes)) \
  HOOK(cuMemcpyDtoH_v2, "cuMemcpyDtoH", 3020, 0, (void *to, uint64_t from, size_t bytes)) \
  HOOK(cuMemcpyDtoH_v2_ptds, "cuMemcpyDtoH", 7000, 1, (void *to, uint64_t from, size_t bytes)) \
  /* Ends of handles that we remember: nothing is asked of the driver about a handle that is gone. */ \
  HOOK(cuStreamDestroy, "cuStreamDestroy", 2000, 0, (void *stream)) \
  HOOK(cuStreamDestroy_v2, "cuStreamDestroy", 4000, 0, (void *stream)) \
  HOOK(cuCtxDestroy, "cuCtxDestroy", 2000, 0, (void *context)) \
  HOOK(cuCtxDestroy_v2, "cuCtxDestroy", 4000, 0, (void *context)) \
  HOOK(cuDevicePrimaryCtxReset, "cuDevicePrimaryCtxReset", 7000, 0, (int device)) \
  HOOK(cuDevicePrimaryCtxReset_v2, "cuDevicePrimaryCtxReset", 11000, 0, (int device)) \
  HOOK(cuDevicePrimaryCtxRelease, "cuDevicePrimaryCtxRelease", 7000, 0, (int device)) \
  HOOK(cuDevicePrimaryCtxRelease_v2, "cuDevicePrimaryCtxRelease", 11000, 0, (int device)) \
  HOOK(cuModuleUnload, "cuModuleUnload", 2000, 0, (void *module)) \
  HOOK(cuLibraryUnload, "cuLibraryUnload", 12000, 0, (void *library)) \
  /* Memory. */ \
  HOOK(cuMemAlloc_v2, "cuMemAlloc", 3020, 0, (uint64_t *address, size_t bytes)) \
  HOOK(cuMemAllocPitch_v2, "cuMemAllocPitch", 3020, 0, \
       (uint64_t *address, size_t *pitch, size_t width, size_t height, unsigned element)) \
  HOOK(cuMemAllocManaged, "cuMemAllocManaged", 6000, 0, (uint64_t *address, size_t bytes, unsigned flags)) \
  HOOK(cuMemAllocAsync, "cuMemAllocAsync", 11020, 0, (uint64_t *address, size_t bytes, void *stream)) \
  HOOK(cuMemAllocAsync_ptsz, "cuMemAllocAsync", 11020, 1, (uint64_t *address, size_t bytes, void *stream)) \
  HOOK(cuMemAllocFromPoolAsync, "cuMemAllocFromPoolAsync", 11020, 0, \
       (uint64_t *address, size_t bytes, void *pool, void *stream)) \
  HOOK(cuMemAllocFromPoolAsync_ptsz, "cuMemAllocFromPoolAsync", 11020, 1, \
       (uint64_t *address, size_t bytes, void *pool, void *stream)) \
  HOOK(cuMemCreate, "cuMemCreate", 10020, 0, \
       (uint64_t *handle, size_t bytes, const struct cu_place *place, unsigned long long flags)) \
  HOOK(cuMemRetainAllocationHandle, "cuMemRetainAllocationHandle", 11000, 0, (uint64_t *handle, void *address)) \
  HOOK(cuMemRelease, "cuMemRelease", 10020, 0, (uint64_t handle)) \
  HOOK(cuMemFree_v2, "cuMemFree", 3020, 0, (uint64_t address)) \
  HOOK(cuMemFreeAsync, "cuMemFreeAsync", 11020, 0, (uint64_t address, void *stream)) \
  HOOK(cuMemFreeAsync_ptsz, "cuMemFreeAsync", 11020, 1, (uint64_t address, void *stream)) \
  HOOK(cuMemGetInfo_v2, "cuMemGetInfo", 3020, 0, (size_t *free, size_t *total)) \
  HOOK(cuDeviceTotalMem_v2, "cuDeviceTotalMem", 3020, 0, (size_t *bytes, int device))

/* What the library itself asks of the driver, when it has it. */
#define CLOUDLESS_ASKED(ASK) \
  ASK(cuCtxGetCurrent, (void **context)) \
  ASK(cuCtxGetDevice, (int *device)) \
  ASK(cuEventCreate, (void **event, unsigned flags)) \
  ASK(cuEventElapsedTime, (float *ms, void *from, void *to)) \
  ASK(cuEventQuery, (void *event)) \
  ASK(cuEventRecord, (void *event, void *stream)) \
  ASK(cuFuncGetName, (const char **name, void *function)) \
  ASK(cuKernelGetName, (const char **name, void *kernel)) \
  ASK(cuGraphGetNodes, (void *graph, void **nodes, size_t *count)) \
  ASK(cuGraphNodeGetType, (void *node, int *type)) \
  ASK(cuGraphKernelNodeGetParams, (void *node, struct cu_kernel_node *node_is)) \
  ASK(cuGraphKernelNodeGetParams_v2, (void *node, struct cu_kernel_node *node_is)) \
  ASK(cuGraphChildGraphNodeGetGraph, (void *node, void **graph)) \
  ASK(cuStreamIsCapturing, (void *stream, int *status)) \
  ASK(cuStreamQuery, (void *stream)) \
  ASK(cuDriverGetVersion, (int *version))

/* CUlaunchConfig, CUmemAllocationProp and CUDA_KERNEL_NODE_PARAMS, as far as they are read. */
struct cu_launch {
  unsigned x, y, z, block_x, block_y, block_z, shared_bytes;
  void *stream;
};
struct cu_place {
  int type, handle_types, location_type, location_id;
};
struct cu_kernel_node {
  void *function;
  unsigned x, y, z, block_x, block_y, block_z, shared_bytes;
  void **parameters, **extra;
  void *kernel, *context;
};
