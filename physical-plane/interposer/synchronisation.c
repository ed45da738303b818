/* Evidence that a process has nothing left on the device: a synchronisation has returned, and every stream on which it had
 * launched is empty. An event tells of one point of one stream only, so the driver is asked about the others. From this come
 * the times of busy and idle, and the lengths of the cycles from the first launch to the end of all. */
#define _GNU_SOURCE
#include "interposer.h"

struct wait {
  struct gpu *gpu;
  uint64_t launches;
  uint32_t launched[STREAMS];
};

enum { NO_STREAM = 0, LEGACY = 1, WAITING = 600, WATCH_US = 100 };
enum waited_for { ALL, A_STREAM, AN_EVENT };
#define EVERY_STREAM UINT64_MAX

/* Before the driver is asked: what is launched meanwhile by other threads is not waited for. */
static void begin(struct wait *wait) {
  cloudless_find_driver();
  struct gpu *gpu = wait->gpu = cloudless_gpu_here();
  if (!gpu || !LOAD(gpu->slot->busy)) return;
  wait->launches = LOAD(gpu->slot->launches);
  for (int at = 0; at < STREAMS; at++) wait->launched[at] = LOAD(gpu->streams[at].launched);
}

/* The handle 2 is another stream on every thread: a stream that is not ours here can not be asked about. */
static int is_empty(const struct stream *stream, uint64_t key) {
  uint64_t here = cloudless_stream_key(stream->handle, 0);
  return here == key && cloudless_driver.cuStreamQuery && cloudless_driver.cuStreamQuery(stream->handle) == 0;
}

/* The first to see it says since when. */
void cloudless_show_communication(struct gpu *gpu, uint64_t now) {
  uint64_t began = LOAD(gpu->slot->busy_since_ns), us = now > began ? (now - began) / 1000 : 0;
  CHANGE(gpu->slot->only_communicates, 0, us < UINT32_MAX ? (uint32_t)us + 1 : UINT32_MAX);
}

/* Also tells whether what is left does nothing but communicate. */
static int is_all_done(struct wait *wait, uint64_t which) {
  struct gpu *gpu = wait->gpu;
  int is_done = 1, may_ask = !cloudless_is_captured(), computes = 0;
  for (int at = 0; at < STREAMS; at++) {
    struct stream *stream = &gpu->streams[at];
    uint64_t key = LOAD(stream->key);
    uint32_t launched = LOAD(stream->launched);
    if (key == 0 || launched == LOAD(stream->done)) continue;
    if (which == EVERY_STREAM || key == which) STORE(stream->done, wait->launched[at]);
    else if (may_ask && is_empty(stream, key)) STORE(stream->done, launched);
    is_done &= LOAD(stream->launched) == LOAD(stream->done);
    computes |= (int32_t)(LOAD(stream->computed) - LOAD(stream->done)) > 0;
  }
  if (!is_done && !computes && may_ask && !LOAD(gpu->has_lost_streams)) cloudless_show_communication(gpu, cloudless_now_ns());
  if (which == EVERY_STREAM) STORE(gpu->has_lost_streams, 0);
  return is_done && !LOAD(gpu->has_lost_streams);
}

static void show_idle(struct wait *wait, uint64_t now) {
  struct cloudless_slot *slot = wait->gpu->slot;
  uint64_t since = LOAD(slot->busy_since_ns);
  STORE(slot->idle_since_ns, now);
  STORE(slot->queue_us, 0);
  STORE(slot->only_communicates, 0);
  STORE(wait->gpu->drained_at_ns, now);
  if (!CHANGE(slot->busy, 1, 0)) return;
  if (LOAD(slot->launches) != wait->launches) {
    STORE(slot->busy, 1);
    STORE(slot->idle_since_ns, 0);
    return;
  }
  uint64_t cycle_us = now > since ? (now - since) / 1000 : 0;
  uint32_t cycles = LOAD(slot->cycles);
  STORE(slot->cycle_us[cycles % CLOUDLESS_CYCLES], cycle_us < UINT32_MAX ? (uint32_t)cycle_us : UINT32_MAX);
  __atomic_store_n(&slot->cycles, cycles + 1, __ATOMIC_RELEASE);
}

static void show_queue(struct gpu *gpu) {
  uint64_t from = LOAD(gpu->slot->last_launch_ns), to = LOAD(gpu->drained_at_ns);
  uint64_t queue_us = to > from ? (to - from) / 1000 : 0;
  STORE(gpu->slot->queue_us, queue_us < UINT32_MAX ? (uint32_t)queue_us : UINT32_MAX - 1);
}

static int is_watched(struct gpu *gpu) {
  struct orders orders;
  return cloudless_is_managed(gpu, cloudless_now_ns()) && cloudless_orders(gpu, &orders) && orders.segment_us &&
         !orders.segments_max && !cloudless_is_captured();
}

/* While the caller waits: others see so, and, where the manager wishes, when only communication is left to wait for. */
static void watch(struct wait *wait, enum waited_for what, void *handle) {
  struct gpu *gpu = wait->gpu;
  if (!gpu || !LOAD(gpu->slot->busy)) return;
  STORE(gpu->slot->queue_us, CLOUDLESS_QUEUE_WAITED_FOR);
  /* All at once can not be asked for: some may be other threads' own streams. */
  if (what == ALL || !cloudless_driver.cuStreamQuery || !cloudless_driver.cuEventQuery) return;
  while (is_watched(gpu) && !is_all_done(wait, NO_STREAM)) {
    if (what == A_STREAM && cloudless_driver.cuStreamQuery(handle) != WAITING) return;
    if (what == AN_EVENT && cloudless_driver.cuEventQuery(handle) != WAITING) return;
    cloudless_nap(WATCH_US);
  }
}

static void end(struct wait *wait, uint64_t which, cu_result result) {
  struct gpu *gpu = wait->gpu;
  if (!gpu) return;
  if (LOAD(gpu->slot->queue_us) == CLOUDLESS_QUEUE_WAITED_FOR) show_queue(gpu);
  if (result != 0) return;
  ADD(gpu->slot->synchronisations, 1);
  if (!LOAD(gpu->slot->busy)) return;
  uint64_t now = cloudless_now_ns();
  if (is_all_done(wait, which)) show_idle(wait, now);
  if (cloudless_is_managed(gpu, now)) {
    cloudless_harvest(gpu);
    cloudless_open_segments(gpu);
  }
}

#define LOOK(name, parameters, which, ...) WAIT(name, parameters, which, (void)0, __VA_ARGS__)
#define WAIT(name, parameters, which, meanwhile, ...) \
  EXPORT cu_result name parameters { \
    if (!cloudless_gpus) return REAL(name)(__VA_ARGS__); \
    struct wait wait = {0}; \
    begin(&wait); \
    meanwhile; \
    cu_result result = REAL(name)(__VA_ARGS__); \
    end(&wait, which, result); \
    return result; \
  }

static uint64_t of_context(void *context) {
  void *current = NULL;
  if (context && cloudless_driver.cuCtxGetCurrent) cloudless_driver.cuCtxGetCurrent(&current);
  return context == current ? EVERY_STREAM : NO_STREAM;
}

static void *own(void *stream) { return stream ? stream : (void *)2; }

WAIT(cuCtxSynchronize, (void), EVERY_STREAM, watch(&wait, ALL, NULL), )
WAIT(cuCtxSynchronize_v2, (void *context), of_context(context), watch(&wait, ALL, NULL), context)
WAIT(cuStreamSynchronize, (void *stream), cloudless_stream_key(stream, 0), watch(&wait, A_STREAM, stream), stream)
WAIT(cuStreamSynchronize_ptsz, (void *stream), cloudless_stream_key(stream, 1), watch(&wait, A_STREAM, own(stream)), stream)
WAIT(cuEventSynchronize, (void *event), NO_STREAM, watch(&wait, AN_EVENT, event), event)
LOOK(cuStreamQuery, (void *stream), cloudless_stream_key(stream, 0), stream)
LOOK(cuStreamQuery_ptsz, (void *stream), cloudless_stream_key(stream, 1), stream)
LOOK(cuEventQuery, (void *event), NO_STREAM, event)
LOOK(cuMemcpy, (uint64_t to, uint64_t from, size_t bytes), LEGACY, to, from, bytes)
LOOK(cuMemcpy_ptds, (uint64_t to, uint64_t from, size_t bytes), cloudless_stream_key(NULL, 1), to, from, bytes)
LOOK(cuMemcpyDtoH_v2, (void *to, uint64_t from, size_t bytes), LEGACY, to, from, bytes)
LOOK(cuMemcpyDtoH_v2_ptds, (void *to, uint64_t from, size_t bytes), cloudless_stream_key(NULL, 1), to, from, bytes)

/* Ends of handles. What is remembered goes before the handle does. */
#define ENDS_STREAM(name) \
  EXPORT cu_result name(void *stream) { \
    for (int at = 0; at < cloudless_gpus; at++) \
      cloudless_forget_stream(cloudless_known_gpu(at), cloudless_stream_key(stream, 0)); \
    return REAL(name)(stream); \
  }
ENDS_STREAM(cuStreamDestroy)
ENDS_STREAM(cuStreamDestroy_v2)

#define ENDS_CONTEXT(name, parameter, argument) \
  EXPORT cu_result name(parameter) { \
    for (int at = 0; at < cloudless_gpus; at++) cloudless_forget_handles(cloudless_known_gpu(at)); \
    return REAL(name)(argument); \
  }
ENDS_CONTEXT(cuCtxDestroy, void *context, context)
ENDS_CONTEXT(cuCtxDestroy_v2, void *context, context)
ENDS_CONTEXT(cuDevicePrimaryCtxReset, int device, device)
ENDS_CONTEXT(cuDevicePrimaryCtxReset_v2, int device, device)
ENDS_CONTEXT(cuDevicePrimaryCtxRelease, int device, device)
ENDS_CONTEXT(cuDevicePrimaryCtxRelease_v2, int device, device)

#define ENDS_CODE(name) \
  EXPORT cu_result name(void *code) { \
    cloudless_names_change(); \
    return REAL(name)(code); \
  }
ENDS_CODE(cuModuleUnload)
ENDS_CODE(cuLibraryUnload)
