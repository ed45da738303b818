/* Devices and contexts of the fake driver. FAKE_GPU_FILE names the devices' files, separated by ':'; CUDA_VISIBLE_DEVICES chooses
 * among them by ordinal or by uuid, as NVIDIA's driver does. */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "objects.h"

enum { STACK = 16 };

static struct fake_gpu *devices[DEVICES];
static struct context *primary[DEVICES];
static int device_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool is_initialised;
static pid_t initialised_by;
static _Thread_local struct context *stack[STACK];
static _Thread_local int depth;

static void uuid_text(const struct fake_gpu *gpu, char text[41]) {
  const uint8_t *u = gpu->uuid;
  snprintf(text, 41, "GPU-%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1], u[2], u[3], u[4], u[5], u[6],
           u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

static struct fake_gpu *named(struct fake_gpu *const *all, int count, const char *name) {
  if (isdigit((unsigned char)*name)) return atoi(name) < count ? all[atoi(name)] : NULL;
  for (int i = 0; i < count; i++) {
    char text[41];
    uuid_text(all[i], text);
    if (*name && strncasecmp(text, name, strlen(name)) == 0) return all[i];
  }
  return NULL;
}

static void find_devices(void) {
  struct fake_gpu *all[DEVICES];
  int count = 0;
  char *files = strdup(getenv("FAKE_GPU_FILE") ? getenv("FAKE_GPU_FILE") : "");
  for (char *rest = files, *file; (file = strsep(&rest, ":")) && count < DEVICES;)
    if (*file && (all[count] = device_open(file))) count++;
  free(files);
  const char *chosen = getenv("CUDA_VISIBLE_DEVICES");
  device_count = 0;
  if (!chosen) {
    memcpy(devices, all, sizeof all);
    device_count = count;
    return;
  }
  char *names = strdup(chosen);
  for (char *rest = names, *name; (name = strsep(&rest, ",")) && device_count < DEVICES;) {
    if (!(devices[device_count] = named(all, count, name))) break; /* the first that is not there ends the list */
    device_count++;
  }
  free(names);
}

CU cuInit(unsigned int flags) {
  (void)flags;
  pthread_mutex_lock(&lock);
  if (!is_initialised) {
    find_devices();
    initialised_by = getpid();
  }
  is_initialised = true;
  pthread_mutex_unlock(&lock);
  if (initialised_by != getpid()) return CUDA_ERROR_NOT_INITIALIZED; /* a fork's child cannot use its parent's CUDA */
  return device_count ? CUDA_SUCCESS : CUDA_ERROR_NO_DEVICE;
}

CUresult device_failure(struct fake_gpu *gpu) { return (CUresult)gpu->failure; }

static CUresult find(CUdevice device, struct fake_gpu **gpu) {
  if (!is_initialised) return CUDA_ERROR_NOT_INITIALIZED;
  if (device < 0 || device >= device_count) return CUDA_ERROR_INVALID_DEVICE;
  *gpu = devices[device];
  return device_failure(*gpu);
}

CU cuDriverGetVersion(int *version) { return *version = DRIVER_VERSION, CUDA_SUCCESS; }
CU cuDeviceGetCount(int *count) { return *count = device_count, is_initialised ? CUDA_SUCCESS : CUDA_ERROR_NOT_INITIALIZED; }

CU cuDeviceGet(CUdevice *device, int ordinal) {
  struct fake_gpu *gpu;
  CUresult result = find(ordinal, &gpu);
  if (!result) *device = ordinal;
  return result;
}

CU cuDeviceGetName(char *name, int length, CUdevice device) {
  struct fake_gpu *gpu;
  CUresult result = find(device, &gpu);
  if (!result) snprintf(name, (size_t)length, "%.64s", gpu->name);
  return result;
}

CU cuDeviceGetUuid(CUuuid *uuid, CUdevice device) {
  struct fake_gpu *gpu;
  CUresult result = find(device, &gpu);
  if (!result) memcpy(uuid, gpu->uuid, sizeof *uuid);
  return result;
}
CU cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device) { return cuDeviceGetUuid(uuid, device); }

CU cuDeviceTotalMem_v2(size_t *bytes, CUdevice device) {
  struct fake_gpu *gpu;
  CUresult result = find(device, &gpu);
  if (!result) *bytes = gpu->memory_bytes;
  return result;
}

CU cuDeviceGetAttribute(int *value, int attribute, CUdevice device) {
  enum { MULTIPROCESSORS = 16, MAJOR = 75 };
  struct fake_gpu *gpu;
  CUresult result = find(device, &gpu);
  if (!result) *value = attribute == MULTIPROCESSORS ? (int)gpu->multiprocessors : attribute == MAJOR ? 9 : 0;
  return result;
}

/* As MPS reads it: at the start of a context, and only there. */
static uint32_t cap_milli(const struct fake_gpu *gpu) {
  const char *percent = getenv("CUDA_MPS_ACTIVE_THREAD_PERCENTAGE");
  double cap = percent ? atof(percent) * 10 : 1000;
  return gpu->model == FAKE_GPU_PROCESSOR_SHARING && cap > 0 && cap < 1000 ? (uint32_t)cap : 1000;
}

static CUresult make_context(struct context **made, CUdevice device) {
  struct fake_gpu *gpu;
  CUresult result = find(device, &gpu);
  if (result) return result;
  if (initialised_by != getpid()) return CUDA_ERROR_NOT_INITIALIZED;
  int client = device_add_client(gpu, cap_milli(gpu));
  if (client < 0) return CUDA_ERROR_OUT_OF_MEMORY;
  struct context *context = calloc(1, sizeof *context);
  *context = (struct context){.gpu = gpu, .device = device, .client = (uint32_t)client};
  if (!new_stream(context)) {
    device_drop_client(gpu, context->client);
    free(context);
    return CUDA_ERROR_OUT_OF_MEMORY;
  }
  *made = context;
  return CUDA_SUCCESS;
}

struct context *current_context(void) { return depth ? stack[depth - 1] : NULL; }

CU cuCtxPushCurrent_v2(CUcontext context) {
  if (depth == STACK) return CUDA_ERROR_INVALID_VALUE;
  stack[depth++] = context;
  return CUDA_SUCCESS;
}

CU cuCtxPopCurrent_v2(CUcontext *context) {
  if (!depth) return CUDA_ERROR_INVALID_CONTEXT;
  depth--;
  if (context) *context = stack[depth];
  return CUDA_SUCCESS;
}

CU cuCtxSetCurrent(CUcontext context) {
  if (depth) depth--;
  return context ? cuCtxPushCurrent_v2(context) : CUDA_SUCCESS;
}

CU cuCtxGetCurrent(CUcontext *context) { return *context = current_context(), CUDA_SUCCESS; }

CU cuCtxGetDevice(CUdevice *device) {
  if (!current_context()) return CUDA_ERROR_INVALID_CONTEXT;
  return *device = current_context()->device, CUDA_SUCCESS;
}

CU cuCtxCreate_v2(CUcontext *context, unsigned int flags, CUdevice device) {
  (void)flags;
  CUresult result = make_context(context, device);
  return result ? result : cuCtxPushCurrent_v2(*context);
}
CU cuCtxCreate_v3(CUcontext *context, void *affinity, int count, unsigned int flags, CUdevice device) {
  return (void)affinity, (void)count, cuCtxCreate_v2(context, flags, device);
}
CU cuCtxCreate_v4(CUcontext *context, void *params, unsigned int flags, CUdevice device) {
  return (void)params, cuCtxCreate_v2(context, flags, device);
}

CU cuCtxDestroy_v2(CUcontext context) {
  if (!context) return CUDA_ERROR_INVALID_CONTEXT;
  device_drop_client(context->gpu, context->client);
  if (current_context() == context) depth--;
  return CUDA_SUCCESS; /* the handle stays, as others may hold it: a few bytes */
}

CU cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
  struct fake_gpu *gpu;
  CUresult result = find(device, &gpu);
  if (result) return result;
  pthread_mutex_lock(&lock);
  if (!primary[device]) result = make_context(&primary[device], device);
  if (!result) primary[device]->uses++, *context = primary[device];
  pthread_mutex_unlock(&lock);
  return result;
}

CU cuDevicePrimaryCtxReset_v2(CUdevice device) {
  struct fake_gpu *gpu;
  CUresult result = find(device, &gpu);
  pthread_mutex_lock(&lock);
  if (!result && primary[device]) device_drop_client(gpu, primary[device]->client), primary[device] = NULL;
  pthread_mutex_unlock(&lock);
  return result;
}

CU cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  struct fake_gpu *gpu;
  CUresult result = find(device, &gpu);
  if (result) return result;
  if (!primary[device]) return CUDA_ERROR_INVALID_CONTEXT;
  return --primary[device]->uses ? CUDA_SUCCESS : cuDevicePrimaryCtxReset_v2(device);
}

CU cuDevicePrimaryCtxGetState(CUdevice device, unsigned int *flags, int *is_active) {
  struct fake_gpu *gpu;
  CUresult result = find(device, &gpu);
  if (!result) *flags = 0, *is_active = primary[device] != NULL;
  return result;
}
CU cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned int flags) { return (void)device, (void)flags, CUDA_SUCCESS; }

API double fakeGpuNow(void) { return device_now(current_context()->gpu); }
API void fakeGpuSleep(double ns) { device_sleep(current_context()->gpu, ns); }
API double fakeGpuUsed(void) {
  struct context *context = current_context();
  device_lock(context->gpu);
  double used = context->gpu->clients[context->client].used_ns;
  device_unlock(context->gpu);
  return used;
}
