/* Memory of the fake driver: host memory that is reserved, not used until touched, with the device's account kept. Copies happen
 * at once; the synchronous ones wait for the default stream first. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "objects.h"

struct allocation {
  CUdeviceptr at;
  size_t bytes;
  struct context *context;
  bool is_mapped;
  struct allocation *next;
};

static struct allocation *allocations;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static CUresult take(CUdeviceptr *at, size_t bytes, bool is_mapped) {
  struct context *context = current_context();
  if (!context) return CUDA_ERROR_INVALID_CONTEXT;
  CUresult result = device_failure(context->gpu);
  if (!result) result = forbid_in_capture(NULL);
  if (result) return result;
  if (bytes == 0) return CUDA_ERROR_INVALID_VALUE;
  if (!device_take_memory(context->gpu, context->client, bytes)) return CUDA_ERROR_OUT_OF_MEMORY;
  struct allocation *made = malloc(sizeof *made);
  void *memory = made;
  if (is_mapped) memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    device_return_memory(context->gpu, context->client, bytes);
    free(made);
    return CUDA_ERROR_OUT_OF_MEMORY;
  }
  pthread_mutex_lock(&lock);
  *made = (struct allocation){(CUdeviceptr)(uintptr_t)memory, bytes, context, is_mapped, allocations};
  allocations = made;
  pthread_mutex_unlock(&lock);
  *at = made->at;
  return CUDA_SUCCESS;
}

static CUresult give_back(CUdeviceptr at) {
  if (!at) return CUDA_SUCCESS;
  pthread_mutex_lock(&lock);
  struct allocation **link = &allocations;
  while (*link && (*link)->at != at) link = &(*link)->next;
  struct allocation *found = *link;
  if (found) *link = found->next;
  pthread_mutex_unlock(&lock);
  if (!found) return CUDA_ERROR_INVALID_VALUE;
  device_return_memory(found->context->gpu, found->context->client, found->bytes);
  if (found->is_mapped) munmap((void *)(uintptr_t)found->at, found->bytes);
  free(found);
  return CUDA_SUCCESS;
}

CU cuMemAlloc_v2(CUdeviceptr *pointer, size_t bytes) { return take(pointer, bytes, true); }
CU cuMemAllocManaged(CUdeviceptr *pointer, size_t bytes, unsigned int flags) { return (void)flags, take(pointer, bytes, true); }
CU cuMemAllocAsync(CUdeviceptr *pointer, size_t bytes, CUstream stream) { return (void)stream, take(pointer, bytes, true); }
CU cuMemAllocFromPoolAsync(CUdeviceptr *pointer, size_t bytes, void *pool, CUstream stream) {
  return (void)pool, (void)stream, take(pointer, bytes, true);
}

CU cuMemAllocPitch_v2(CUdeviceptr *pointer, size_t *pitch, size_t width, size_t height, unsigned int element) {
  (void)element;
  *pitch = (width + 511) / 512 * 512;
  return take(pointer, *pitch * height, true);
}

CU cuMemFree_v2(CUdeviceptr pointer) {
  CUresult result = forbid_in_capture(NULL);
  if (!result && current_context()) result = cuCtxSynchronize(); /* as the driver does before it takes memory away */
  return result ? result : give_back(pointer);
}
CU cuMemFreeAsync(CUdeviceptr pointer, CUstream stream) { return (void)stream, give_back(pointer); }

/* Physical memory without an address: the handle is its record. Mapping it is not part of the fake. */
CU cuMemCreate(unsigned long long *handle, size_t bytes, const void *properties, unsigned long long flags) {
  return (void)properties, (void)flags, take(handle, bytes, false);
}
CU cuMemRelease(unsigned long long handle) { return give_back(handle); }

CU cuMemGetInfo_v2(size_t *free_bytes, size_t *total_bytes) {
  struct context *context = current_context();
  if (!context) return CUDA_ERROR_INVALID_CONTEXT;
  *free_bytes = device_free_memory(context->gpu);
  *total_bytes = context->gpu->memory_bytes;
  return device_failure(context->gpu);
}

CU cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream) {
  (void)stream;
  memcpy((void *)(uintptr_t)to, from, bytes);
  return CUDA_SUCCESS;
}

CU cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream) {
  (void)stream;
  memcpy(to, (const void *)(uintptr_t)from, bytes);
  return CUDA_SUCCESS;
}

CU cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes) {
  CUresult result = cuStreamSynchronize(NULL);
  return result ? result : cuMemcpyHtoDAsync_v2(to, from, bytes, NULL);
}

CU cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes) {
  CUresult result = cuStreamSynchronize(NULL);
  return result ? result : cuMemcpyDtoHAsync_v2(to, from, bytes, NULL);
}
