/* TEST EQUIPMENT, no GPU: a libcuda.so.1 that does nothing, answers success, and appends each call with its arguments to the file
 * LOGGING_CUDA_LOG. It tells the ABIs of a name apart as a driver does, by the version that is asked for, so that a hook of the
 * wrong ABI shows. Its table is written down anew, not taken from the interposer, whose table it checks. A file
 * LOGGING_CUDA_HOLD, while it exists, keeps every event and stream but LOGGING_CUDA_EMPTY unfinished; LOGGING_CUDA_MS is the time between two events;
 * LOGGING_CUDA_NODES=0 hides the nodes of graphs; LOGGING_CUDA_FULL makes allocations fail. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef uint64_t word;
#define OPEN_TO_ALL __attribute__((visibility("default")))

/* ELF name, name, version, per-thread stream, kinds of its arguments: w a word (pointer, size, address), i an int. */
#define ENTRY_POINTS(X) \
  X(cuInit, "cuInit", 2000, 0, "i") \
  X(cuGetExportTable, "cuGetExportTable", 3000, 0, "ww") \
  X(cuDriverGetVersion, "cuDriverGetVersion", 2020, 0, "w") \
  X(cuCtxGetCurrent, "cuCtxGetCurrent", 4000, 0, "w") \
  X(cuCtxGetDevice, "cuCtxGetDevice", 2000, 0, "w") \
  X(cuEventCreate, "cuEventCreate", 2000, 0, "wi") \
  X(cuEventRecord, "cuEventRecord", 2000, 0, "ww") \
  X(cuEventRecord_ptsz, "cuEventRecord", 7000, 1, "ww") \
  X(cuEventElapsedTime, "cuEventElapsedTime", 2000, 0, "www") \
  X(cuEventQuery, "cuEventQuery", 2000, 0, "w") \
  X(cuEventSynchronize, "cuEventSynchronize", 2000, 0, "w") \
  X(cuStreamQuery, "cuStreamQuery", 2000, 0, "w") \
  X(cuStreamQuery_ptsz, "cuStreamQuery", 7000, 1, "w") \
  X(cuStreamSynchronize, "cuStreamSynchronize", 2000, 0, "w") \
  X(cuStreamSynchronize_ptsz, "cuStreamSynchronize", 7000, 1, "w") \
  X(cuStreamDestroy, "cuStreamDestroy", 2000, 0, "w") \
  X(cuStreamDestroy_v2, "cuStreamDestroy", 4000, 0, "w") \
  X(cuStreamIsCapturing, "cuStreamIsCapturing", 10000, 0, "ww") \
  X(cuStreamBeginCapture, "cuStreamBeginCapture", 10000, 0, "w") \
  X(cuStreamBeginCapture_ptsz, "cuStreamBeginCapture", 10000, 1, "w") \
  X(cuStreamBeginCapture_v2, "cuStreamBeginCapture", 10010, 0, "wi") \
  X(cuStreamBeginCapture_v2_ptsz, "cuStreamBeginCapture", 10010, 1, "wi") \
  X(cuStreamBeginCaptureToGraph, "cuStreamBeginCaptureToGraph", 12030, 0, "wwwwwi") \
  X(cuStreamBeginCaptureToGraph_ptsz, "cuStreamBeginCaptureToGraph", 12030, 1, "wwwwwi") \
  X(cuStreamEndCapture, "cuStreamEndCapture", 10000, 0, "ww") \
  X(cuStreamEndCapture_ptsz, "cuStreamEndCapture", 10000, 1, "ww") \
  X(cuCtxSynchronize, "cuCtxSynchronize", 2000, 0, "") \
  X(cuCtxSynchronize_v2, "cuCtxSynchronize", 13000, 0, "w") \
  X(cuCtxDestroy, "cuCtxDestroy", 2000, 0, "w") \
  X(cuCtxDestroy_v2, "cuCtxDestroy", 4000, 0, "w") \
  X(cuDevicePrimaryCtxReset, "cuDevicePrimaryCtxReset", 7000, 0, "i") \
  X(cuDevicePrimaryCtxReset_v2, "cuDevicePrimaryCtxReset", 11000, 0, "i") \
  X(cuDevicePrimaryCtxRelease, "cuDevicePrimaryCtxRelease", 7000, 0, "i") \
  X(cuDevicePrimaryCtxRelease_v2, "cuDevicePrimaryCtxRelease", 11000, 0, "i") \
  X(cuModuleUnload, "cuModuleUnload", 2000, 0, "w") \
  X(cuLibraryUnload, "cuLibraryUnload", 12000, 0, "w") \
  X(cuFuncGetName, "cuFuncGetName", 12030, 0, "ww") \
  X(cuKernelGetName, "cuKernelGetName", 12030, 0, "ww") \
  X(cuLaunch, "cuLaunch", 2000, 0, "w") \
  X(cuLaunchGrid, "cuLaunchGrid", 2000, 0, "wii") \
  X(cuLaunchGridAsync, "cuLaunchGridAsync", 2000, 0, "wiiw") \
  X(cuLaunchKernel, "cuLaunchKernel", 4000, 0, "wiiiiiiiwww") \
  X(cuLaunchKernel_ptsz, "cuLaunchKernel", 7000, 1, "wiiiiiiiwww") \
  X(cuLaunchCooperativeKernel, "cuLaunchCooperativeKernel", 9000, 0, "wiiiiiiiww") \
  X(cuLaunchCooperativeKernel_ptsz, "cuLaunchCooperativeKernel", 9000, 1, "wiiiiiiiww") \
  X(cuLaunchKernelEx, "cuLaunchKernelEx", 11060, 0, "wwww") \
  X(cuLaunchKernelEx_ptsz, "cuLaunchKernelEx", 11060, 1, "wwww") \
  X(cuGraphLaunch, "cuGraphLaunch", 10000, 0, "ww") \
  X(cuGraphLaunch_ptsz, "cuGraphLaunch", 10000, 1, "ww") \
  X(cuGraphInstantiate, "cuGraphInstantiate", 10000, 0, "wwwww") \
  X(cuGraphInstantiate_v2, "cuGraphInstantiate", 11000, 0, "wwwww") \
  X(cuGraphInstantiateWithFlags, "cuGraphInstantiateWithFlags", 11040, 0, "www") \
  X(cuGraphInstantiateWithParams, "cuGraphInstantiateWithParams", 12000, 0, "www") \
  X(cuGraphInstantiateWithParams_ptsz, "cuGraphInstantiateWithParams", 12000, 1, "www") \
  X(cuGraphExecUpdate, "cuGraphExecUpdate", 10020, 0, "wwww") \
  X(cuGraphExecUpdate_v2, "cuGraphExecUpdate", 12000, 0, "www") \
  X(cuGraphExecDestroy, "cuGraphExecDestroy", 10000, 0, "w") \
  X(cuGraphGetNodes, "cuGraphGetNodes", 10000, 0, "www") \
  X(cuGraphNodeGetType, "cuGraphNodeGetType", 10000, 0, "ww") \
  X(cuGraphKernelNodeGetParams_v2, "cuGraphKernelNodeGetParams", 12000, 0, "ww") \
  X(cuGraphChildGraphNodeGetGraph, "cuGraphChildGraphNodeGetGraph", 10000, 0, "ww") \
  X(cuMemcpy, "cuMemcpy", 4000, 0, "www") \
  X(cuMemcpy_ptds, "cuMemcpy", 7000, 1, "www") \
  X(cuMemcpyDtoH_v2, "cuMemcpyDtoH", 3020, 0, "www") \
  X(cuMemcpyDtoH_v2_ptds, "cuMemcpyDtoH", 7000, 1, "www") \
  X(cuMemAlloc, "cuMemAlloc", 2000, 0, "wi") \
  X(cuMemAlloc_v2, "cuMemAlloc", 3020, 0, "ww") \
  X(cuMemAllocPitch_v2, "cuMemAllocPitch", 3020, 0, "wwwwi") \
  X(cuMemAllocManaged, "cuMemAllocManaged", 6000, 0, "wwi") \
  X(cuMemAllocAsync, "cuMemAllocAsync", 11020, 0, "www") \
  X(cuMemAllocAsync_ptsz, "cuMemAllocAsync", 11020, 1, "www") \
  X(cuMemAllocFromPoolAsync, "cuMemAllocFromPoolAsync", 11020, 0, "wwww") \
  X(cuMemAllocFromPoolAsync_ptsz, "cuMemAllocFromPoolAsync", 11020, 1, "wwww") \
  X(cuMemCreate, "cuMemCreate", 10020, 0, "wwww") \
  X(cuMemRetainAllocationHandle, "cuMemRetainAllocationHandle", 11000, 0, "ww") \
  X(cuMemRelease, "cuMemRelease", 10020, 0, "w") \
  X(cuMemFree_v2, "cuMemFree", 3020, 0, "w") \
  X(cuMemFreeAsync, "cuMemFreeAsync", 11020, 0, "ww") \
  X(cuMemFreeAsync_ptsz, "cuMemFreeAsync", 11020, 1, "ww") \
  X(cuMemGetInfo_v2, "cuMemGetInfo", 3020, 0, "ww") \
  X(cuDeviceTotalMem_v2, "cuDeviceTotalMem", 3020, 0, "wi")

enum {
#define NUMBER(name, ...) N_##name,
  ENTRY_POINTS(NUMBER)
#undef NUMBER
      COUNT
};

static const struct {
  const char *name, *base;
  int since, per_thread;
  const char *kinds;
} table[COUNT] = {
#define ROW(name, base, since, per_thread, kinds) {#name, base, since, per_thread, kinds},
    ENTRY_POINTS(ROW)
#undef ROW
};

static word next_handle = 0x10000;
static word capturing_stream = ~(word)0;

static void note(const char *line) {
  const char *path = getenv("LOGGING_CUDA_LOG");
  int file = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
  if (file < 0) return;
  if (write(file, line, strlen(line)) < 0) abort();
  close(file);
}

static void note_call(int number, const word *a) {
  char line[512];
  int at = snprintf(line, sizeof line, "%s", table[number].name);
  for (int n = 0; table[number].kinds[n]; n++)
    at += snprintf(line + at, sizeof line - (size_t)at, " %llx",
                   (unsigned long long)(table[number].kinds[n] == 'i' ? (uint32_t)a[n] : a[n]));
  snprintf(line + at, sizeof line - (size_t)at, "\n");
  note(line);
}

static int is_held(void) {
  const char *path = getenv("LOGGING_CUDA_HOLD");
  return path && access(path, F_OK) == 0;
}

static int number_of(const char *name) {
  const char *text = getenv(name);
  return text ? atoi(text) : -1;
}

static void put(word at, word value) { *(word *)(uintptr_t)at = value; }

/* Functions are their own names: a kernel called "k" is any pointer to that text. */
static int kernel_node(word at, word node) {
  struct {
    word function;
    unsigned x, y, z;
  } is = {0xabc0, (unsigned)node * 10, 1, 1};
  memcpy((void *)(uintptr_t)at, &is, sizeof is);
  return 0;
}

/* Graph 0x6000 has kernels of 10 and 20 blocks and the graph 0x7000, which has one of 10; type 0 is a kernel, 4 a graph. */
static int nodes(word graph, word out, word count) {
  word have = graph == 0x7000 ? 1 : 3;
  if (out) {
    for (word n = 0; n < have; n++) put(out + 8 * n, n == 2 ? 0x777 : n + 1);
  }
  put(count, have);
  return 0;
}

static int answer(int number, const word *a) {
  switch (number) {
    /* The runtime's private tables: without them it gives up, after it has asked for all that it wants. */
    case N_cuGetExportTable: return 500;
    case N_cuDriverGetVersion: *(int *)(uintptr_t)a[0] = 13000; return 0;
    case N_cuCtxGetCurrent: put(a[0], 0xc0); return 0;
    case N_cuCtxGetDevice: *(int *)(uintptr_t)a[0] = number_of("LOGGING_CUDA_DEVICE") > 0 ? number_of("LOGGING_CUDA_DEVICE") : 0; return 0;
    case N_cuEventElapsedTime: {
      const char *ms = getenv("LOGGING_CUDA_MS");
      *(float *)(uintptr_t)a[0] = ms ? (float)atof(ms) : 0.01f;
      return 0;
    }
    case N_cuStreamQuery: case N_cuStreamQuery_ptsz: {
      const char *empty = getenv("LOGGING_CUDA_EMPTY");
      return is_held() && !(empty && strtoull(empty, NULL, 0) == a[0]) ? 600 : 0;
    }
    case N_cuEventQuery: return is_held() ? 600 : 0;
    case N_cuStreamIsCapturing: *(int *)(uintptr_t)a[1] = a[0] == capturing_stream; return 0;
    case N_cuStreamBeginCapture: case N_cuStreamBeginCapture_ptsz: case N_cuStreamBeginCapture_v2:
    case N_cuStreamBeginCapture_v2_ptsz: case N_cuStreamBeginCaptureToGraph: case N_cuStreamBeginCaptureToGraph_ptsz:
      capturing_stream = a[0]; return 0;
    case N_cuStreamEndCapture: case N_cuStreamEndCapture_ptsz: capturing_stream = ~(word)0; put(a[1], 0x6000); return 0;
    case N_cuGraphInstantiate: case N_cuGraphInstantiate_v2: case N_cuGraphInstantiateWithFlags:
    case N_cuGraphInstantiateWithParams: case N_cuGraphInstantiateWithParams_ptsz: put(a[0], 0x6100); return 0;
    case N_cuGraphGetNodes: return number_of("LOGGING_CUDA_NODES") == 0 ? 801 : nodes(a[0], a[1], a[2]);
    case N_cuGraphNodeGetType: *(int *)(uintptr_t)a[1] = a[0] == 0x777 ? 4 : 0; return 0;
    case N_cuGraphKernelNodeGetParams_v2: return kernel_node(a[1], a[0]);
    case N_cuGraphChildGraphNodeGetGraph: put(a[1], 0x7000); return 0;
    case N_cuFuncGetName: put(a[0], (word)(uintptr_t)(a[1] == 0xacc1 ? "_Z13ncclDevKernel_AllReduce" : "kernel")); return 0;
    case N_cuMemAlloc_v2: case N_cuMemAllocManaged: case N_cuMemAllocPitch_v2: case N_cuMemAllocAsync: case N_cuMemAllocAsync_ptsz:
    case N_cuMemAllocFromPoolAsync: case N_cuMemAllocFromPoolAsync_ptsz: case N_cuMemCreate: case N_cuEventCreate:
      if (number != N_cuEventCreate && getenv("LOGGING_CUDA_FULL")) return 2;
      put(a[0], __sync_add_and_fetch(&next_handle, 0x100)); return 0;
    case N_cuMemRetainAllocationHandle: put(a[0], a[1]); return 0;
    case N_cuMemFree_v2: return a[0] == 0xbad ? 1 : 0;
    case N_cuMemGetInfo_v2: put(a[0], 70ull << 30); put(a[1], 80ull << 30); return 0;
    case N_cuDeviceTotalMem_v2: put(a[0], 80ull << 30); return 0;
    default: return 0;
  }
}

/* Every argument lies in a word of its own, in a register or on the stack, on the machines that we know. */
#define FUNCTION(name, base, since, per_thread, kinds) \
  OPEN_TO_ALL int name(word a, word b, word c, word d, word e, word f, word g, word h, word i, word j, word k) { \
    word all[] = {a, b, c, d, e, f, g, h, i, j, k}; \
    if (is_logging) note_call(N_##name, all); \
    return answer(N_##name, all); \
  }
static int is_logging;
__attribute__((constructor)) static void start(void) { is_logging = getenv("LOGGING_CUDA_LOG") != NULL; }
ENTRY_POINTS(FUNCTION)

static int unknown(void) { return 0; }

static void *const functions[COUNT] = {
#define ADDRESS(name, ...) (void *)name,
    ENTRY_POINTS(ADDRESS)
#undef ADDRESS
};

OPEN_TO_ALL int cuGetProcAddress(const char *, void **, int, uint64_t);
OPEN_TO_ALL int cuGetProcAddress_v2(const char *, void **, int, uint64_t, int *);

/* The newest ABI not newer than `version`, of the flavour of streams that flag 2 asks for where there is one. */
static void *find(const char *symbol, int version, uint64_t flags) {
  int best = -1;
  if (strcmp(symbol, "cuGetProcAddress") == 0) return version >= 12000 ? (void *)cuGetProcAddress_v2 : (void *)cuGetProcAddress;
  for (int at = 0; at < COUNT; at++) {
    if (strcmp(table[at].base, symbol) != 0 || table[at].since > version || (table[at].per_thread && !(flags & 2))) continue;
    int is_better = best < 0 || table[at].per_thread > table[best].per_thread ||
                    (table[at].per_thread == table[best].per_thread && table[at].since > table[best].since);
    if (is_better) best = at;
  }
  return best < 0 ? NULL : functions[best];
}

static int look_up(const char *symbol, void **found, int version, uint64_t flags) {
  char line[256];
  snprintf(line, sizeof line, "? %s %d %llu\n", symbol, version, (unsigned long long)flags);
  note(line);
  *found = find(symbol, version, flags);
  /* The runtime stops at a name that is not there: what the table does not know does nothing. */
  if (!*found && getenv("LOGGING_CUDA_KNOWS_ALL")) *found = (void *)unknown;
  return *found ? 0 : 500;
}

int cuGetProcAddress(const char *symbol, void **found, int version, uint64_t flags) {
  return look_up(symbol, found, version, flags);
}
int cuGetProcAddress_v2(const char *symbol, void **found, int version, uint64_t flags, int *status) {
  int result = look_up(symbol, found, version, flags);
  if (status) *status = result == 0 ? 0 : 1;
  return result;
}
