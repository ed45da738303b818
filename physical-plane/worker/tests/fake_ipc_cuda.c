// The few calls of CUDA's driver that gpu_weights.py makes, for a machine without a GPU: device memory is a file in FAKE_CUDA that other
// processes can map by its handle for as long as its owner lives, as the real one's.
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
  char bytes[64];
} Handle;

static size_t allocated;

static void name_of(char *name, size_t size, int owner) {
  snprintf(name, size, "%s/memory-%d", getenv("FAKE_CUDA"), owner);
}

static int map(const char *name, int flags, size_t size, uint64_t *address) {
  int file = open(name, flags, 0600);
  struct stat found;
  if (file < 0) return 201;
  if ((flags & O_CREAT) != 0 && ftruncate(file, (off_t)size) != 0) return 2;
  if (fstat(file, &found) != 0) return 201;
  void *at = mmap(NULL, (size_t)found.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (at == MAP_FAILED) return 2;
  *address = (uint64_t)(uintptr_t)at;
  return 0;
}

int cuInit(unsigned flags) { return (int)flags; }

int cuDeviceGet(int *device, int ordinal) {
  *device = ordinal;
  return 0;
}

int cuDevicePrimaryCtxRetain(void **context, int device) {
  *context = (void *)(uintptr_t)(device + 1);
  return 0;
}

int cuCtxSetCurrent(void *context) { return context == NULL ? 201 : 0; }

int cuMemAlloc_v2(uint64_t *address, size_t size) {
  char name[256];
  name_of(name, sizeof name, getpid());
  allocated = size;
  return map(name, O_RDWR | O_CREAT | O_EXCL, size, address);
}

int cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t size) {
  if (size > allocated) return 1;
  memcpy((void *)(uintptr_t)to, from, size);
  return 0;
}

int cuIpcGetMemHandle(Handle *handle, uint64_t address) {
  int owner = getpid();
  memset(handle, 0, sizeof *handle);
  memcpy(handle->bytes, &owner, sizeof owner);
  return address == 0 ? 1 : 0;
}

int cuIpcOpenMemHandle_v2(uint64_t *address, Handle handle, unsigned flags) {
  char name[256];
  int owner;
  memcpy(&owner, handle.bytes, sizeof owner);
  // Memory of a process goes with it; a process may not open its own.
  if (flags != 1 || owner == getpid() || kill(owner, 0) != 0) return 201;
  name_of(name, sizeof name, owner);
  return map(name, O_RDWR, 0, address);
}
