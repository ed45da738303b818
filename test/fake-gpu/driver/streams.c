/* Streams, events and launches of the fake driver. The default stream is a stream like another: it does not wait for others, nor
 * they for it. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <unistd.h>
#include "objects.h"

static _Thread_local struct stream_handle *per_thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Streams that are being captured now, of this process; guarded by the lock. */
enum { CAPTURES = 16 };
static struct stream_handle *captures[CAPTURES];
static int capture_count;

struct stream_handle *new_stream(struct context *context) {
  int slot = device_add_stream(context->gpu, context->client);
  if (slot < 0) return NULL;
  struct stream_handle *stream = calloc(1, sizeof *stream);
  stream->context = context;
  stream->slot = (uint32_t)slot;
  pthread_mutex_lock(&lock);
  stream->next = context->streams;
  context->streams = stream;
  pthread_mutex_unlock(&lock);
  return stream;
}

struct stream_handle *stream_of(CUstream stream) {
  struct context *context = current_context();
  if ((uintptr_t)stream > PER_THREAD_STREAM) return stream;
  if (!context) return NULL;
  if ((uintptr_t)stream == PER_THREAD_STREAM) {
    if (!per_thread || per_thread->context != context) per_thread = new_stream(context);
    return per_thread;
  }
  struct stream_handle *last = context->streams;
  while (last->next) last = last->next;
  return last;
}

static CUresult usable(struct stream_handle *stream) {
  return stream ? device_failure(stream->context->gpu) : CUDA_ERROR_INVALID_CONTEXT;
}

CUresult forbid_in_capture(struct stream_handle *stream) {
  CUresult result = CUDA_SUCCESS;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < capture_count; i++) {
    bool is_meant = captures[i]->capture_mode == CU_STREAM_CAPTURE_MODE_GLOBAL ||
                    (captures[i]->capture_mode == CU_STREAM_CAPTURE_MODE_THREAD_LOCAL && captures[i]->thread == gettid());
    if (stream ? captures[i] != stream : !is_meant) continue;
    captures[i]->is_invalid = true;
    result = CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  }
  pthread_mutex_unlock(&lock);
  return result;
}

CU cuStreamCreate(CUstream *stream, unsigned int flags) {
  (void)flags;
  struct context *context = current_context();
  if (!context) return CUDA_ERROR_INVALID_CONTEXT;
  *stream = new_stream(context);
  return *stream ? device_failure(context->gpu) : CUDA_ERROR_OUT_OF_MEMORY;
}
CU cuStreamCreateWithPriority(CUstream *stream, unsigned int flags, int priority) { return (void)priority, cuStreamCreate(stream, flags); }

CU cuStreamDestroy_v2(CUstream stream) {
  if ((uintptr_t)stream <= PER_THREAD_STREAM) return CUDA_ERROR_INVALID_HANDLE;
  pthread_mutex_lock(&lock);
  for (struct stream_handle **at = &stream->context->streams; *at; at = &(*at)->next)
    if (*at == stream) {
      *at = stream->next;
      break;
    }
  pthread_mutex_unlock(&lock);
  device_drop_stream(stream->context->gpu, stream->slot);
  free(stream);
  return CUDA_SUCCESS;
}

static CUresult drain(struct stream_handle *stream) {
  uint64_t tail = device_tail(stream->context->gpu, stream->slot);
  if (tail > 0) device_wait(stream->context->gpu, stream->slot, tail - 1);
  return device_failure(stream->context->gpu);
}

CU cuStreamSynchronize(CUstream handle) {
  struct stream_handle *stream = stream_of(handle);
  CUresult result = usable(stream);
  if (!result) result = forbid_in_capture(stream);
  return result ? result : drain(stream);
}

CU cuStreamQuery(CUstream handle) {
  struct stream_handle *stream = stream_of(handle);
  CUresult result = usable(stream);
  if (!result) result = forbid_in_capture(stream);
  if (result) return result;
  uint64_t tail = device_tail(stream->context->gpu, stream->slot);
  return tail == 0 || device_is_past(stream->context->gpu, stream->slot, tail - 1) ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

CU cuStreamGetCtx(CUstream handle, CUcontext *context) {
  struct stream_handle *stream = stream_of(handle);
  return stream ? (*context = stream->context, CUDA_SUCCESS) : CUDA_ERROR_INVALID_CONTEXT;
}

CU cuCtxSynchronize_v2(CUcontext context) {
  if (!context) return CUDA_ERROR_INVALID_CONTEXT;
  CUresult result = forbid_in_capture(NULL);
  for (struct stream_handle *s = context->streams; s && !result; s = s->next) result = drain(s);
  return result;
}
CU cuCtxSynchronize(void) { return cuCtxSynchronize_v2(current_context()); }

CU cuEventCreate(CUevent *event, unsigned int flags) {
  (void)flags;
  struct context *context = current_context();
  if (!context) return CUDA_ERROR_INVALID_CONTEXT;
  int slot = device_add_event(context->gpu, context->client);
  if (slot < 0) return CUDA_ERROR_OUT_OF_MEMORY;
  *event = malloc(sizeof **event);
  **event = (struct event_handle){.gpu = context->gpu, .slot = (uint32_t)slot};
  return CUDA_SUCCESS;
}

CU cuEventDestroy_v2(CUevent event) {
  if (!event) return CUDA_ERROR_INVALID_HANDLE;
  device_lock(event->gpu);
  event->gpu->events[event->slot].client = 0;
  device_unlock(event->gpu);
  free(event);
  return CUDA_SUCCESS;
}

CU cuEventRecord(CUevent event, CUstream handle) {
  struct stream_handle *stream = stream_of(handle);
  CUresult result = usable(stream);
  if (result) return result;
  if (!event) return CUDA_ERROR_INVALID_HANDLE;
  if (stream->capturing) return CUDA_SUCCESS; /* a node without work */
  device_submit(event->gpu, stream->slot, (struct command){.kind = FAKE_GPU_EVENT, .event = event->slot});
  return CUDA_SUCCESS;
}
CU cuEventRecordWithFlags(CUevent event, CUstream stream, unsigned int flags) { return (void)flags, cuEventRecord(event, stream); }

static struct event read_event(CUevent event, bool *is_done) {
  device_lock(event->gpu);
  struct event read = event->gpu->events[event->slot];
  *is_done = !read.stream || event->gpu->progress.head[read.stream - 1] > read.at;
  device_unlock(event->gpu);
  return read;
}

CU cuEventQuery(CUevent event) {
  if (!event) return CUDA_ERROR_INVALID_HANDLE;
  CUresult result = device_failure(event->gpu);
  if (!result) result = forbid_in_capture(NULL);
  bool is_done;
  read_event(event, &is_done);
  return result ? result : is_done ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

CU cuEventSynchronize(CUevent event) {
  if (!event) return CUDA_ERROR_INVALID_HANDLE;
  CUresult result = forbid_in_capture(NULL);
  if (result) return result;
  bool is_done;
  struct event read = read_event(event, &is_done);
  if (!is_done) device_wait(event->gpu, read.stream - 1, read.at);
  return device_failure(event->gpu);
}

CU cuEventElapsedTime(float *milliseconds, CUevent begin, CUevent end) {
  if (!begin || !end) return CUDA_ERROR_INVALID_HANDLE;
  bool begin_done, end_done;
  struct event from = read_event(begin, &begin_done), to = read_event(end, &end_done);
  if (!from.stream || !to.stream) return CUDA_ERROR_INVALID_HANDLE;
  if (!begin_done || !end_done) return CUDA_ERROR_NOT_READY;
  *milliseconds = (float)((to.done_ns - from.done_ns) / 1e6);
  return device_failure(begin->gpu);
}

CU cuStreamWaitEvent(CUstream handle, CUevent event, unsigned int flags) {
  (void)flags;
  struct stream_handle *stream = stream_of(handle);
  CUresult result = usable(stream);
  if (result || stream->capturing) return result;
  bool is_done;
  struct event read = read_event(event, &is_done);
  if (!is_done) {
    struct command wait = {.kind = FAKE_GPU_WAIT, .other = read.stream - 1, .other_at = read.at};
    device_submit(event->gpu, stream->slot, wait);
  }
  return CUDA_SUCCESS;
}

CUresult run_launch(struct stream_handle *stream, const struct launch *launch) {
  const unsigned int *grid = launch->grid;
  double blocks = (double)grid[0] * grid[1] * grid[2];
  if (blocks == 0 || !launch->function) return CUDA_ERROR_INVALID_VALUE;
  struct command kernel = {.kind = FAKE_GPU_KERNEL, .demand_milli = launch->function->demand_milli,
                           .work_ns = blocks * launch->function->ns_per_block};
  device_submit(stream->context->gpu, stream->slot, kernel);
  return CUDA_SUCCESS;
}

CU cuLaunchKernel(CUfunction f, unsigned int gx, unsigned int gy, unsigned int gz, unsigned int bx, unsigned int by, unsigned int bz,
                  unsigned int shared, CUstream handle, void **params, void **extra) {
  (void)params, (void)extra;
  struct stream_handle *stream = stream_of(handle);
  CUresult result = usable(stream);
  if (result) return result;
  struct launch launch = {.function = f, .grid = {gx, gy, gz}, .block = {bx, by, bz}, .shared = shared};
  if (!stream->capturing) return run_launch(stream, &launch);
  graph_add(stream->capturing, &launch);
  return CUDA_SUCCESS;
}

CU cuLaunchKernelEx(const CUlaunchConfig *c, CUfunction f, void **params, void **extra) {
  return cuLaunchKernel(f, c->gridDimX, c->gridDimY, c->gridDimZ, c->blockDimX, c->blockDimY, c->blockDimZ, c->sharedMemBytes, c->hStream,
                        params, extra);
}

CU cuLaunchCooperativeKernel(CUfunction f, unsigned int gx, unsigned int gy, unsigned int gz, unsigned int bx, unsigned int by,
                             unsigned int bz, unsigned int shared, CUstream stream, void **params) {
  return cuLaunchKernel(f, gx, gy, gz, bx, by, bz, shared, stream, params, NULL);
}

CU cuStreamBeginCapture_v2(CUstream handle, int mode) {
  if ((uintptr_t)handle <= LEGACY_STREAM) return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  struct stream_handle *stream = stream_of(handle);
  if (stream->capturing || capture_count == CAPTURES) return CUDA_ERROR_INVALID_VALUE;
  pthread_mutex_lock(&lock);
  captures[capture_count++] = stream;
  stream->capture_mode = mode;
  stream->thread = gettid();
  stream->is_invalid = false;
  extern CUresult cuGraphCreate(CUgraph *, unsigned int);
  cuGraphCreate(&stream->capturing, 0);
  pthread_mutex_unlock(&lock);
  return CUDA_SUCCESS;
}

CU cuStreamEndCapture(CUstream handle, CUgraph *graph) {
  struct stream_handle *stream = stream_of(handle);
  if (!stream || !stream->capturing) return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < capture_count; i++)
    if (captures[i] == stream) captures[i] = captures[--capture_count];
  *graph = stream->is_invalid ? NULL : stream->capturing;
  stream->capturing = NULL;
  pthread_mutex_unlock(&lock);
  return stream->is_invalid ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED : CUDA_SUCCESS;
}

CU cuStreamIsCapturing(CUstream handle, int *status) {
  struct stream_handle *stream = stream_of(handle);
  if (!stream) return CUDA_ERROR_INVALID_CONTEXT;
  *status = !stream->capturing ? 0 : stream->is_invalid ? 2 : 1;
  return CUDA_SUCCESS;
}
