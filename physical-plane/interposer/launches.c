/* Launches of kernels and graphs: let through or held back, charged with what they take, followed by an event where a piece of
 * work is full. What goes into a capture is only counted: it runs when its graph does, and is charged then. */
#define _GNU_SOURCE
#include "interposer.h"

struct launch {
  struct gpu *gpu;
  struct stream *stream;
  struct sample *sample;
  void *handle;
  int is_closing;
};

/* What others see before the device has anything of it. */
static void show_busy(struct gpu *gpu, uint64_t now) {
  struct cloudless_slot *slot = gpu->slot;
  if (!LOAD(slot->busy) && CHANGE(slot->busy, 0, 1)) {
    uint64_t idle_since = LOAD(slot->idle_since_ns);
    STORE(slot->busy_since_ns, now);
    if (idle_since && idle_since <= now) STORE(slot->host_gap_ns, now - idle_since);
    STORE(slot->idle_since_ns, 0);
  }
  STORE(slot->last_launch_ns, now);
  ADD(slot->launches, 1);
}

static void charge(struct gpu *gpu, const struct cost *cost, uint64_t cost_ns, uint64_t now) {
  struct cloudless_slot *slot = gpu->slot;
  uint64_t drained_at = LOAD(gpu->drained_at_ns);
  if (drained_at < now) drained_at = now;
  ADD(slot->spent_ns, cost_ns);
  if (cost->communicates == KERNEL_COMMUNICATES) {
    if (drained_at == now) cloudless_show_communication(gpu, now);
  } else {
    drained_at += cost_ns;
    if (LOAD(slot->only_communicates)) STORE(slot->only_communicates, 0);
    STORE(gpu->drained_at_ns, drained_at);
  }
  uint64_t queue_us = (drained_at - now + 999) / 1000;
  STORE(slot->queue_us, queue_us < UINT32_MAX ? (uint32_t)queue_us : UINT32_MAX);
}

static void begin(struct launch *launch, struct cost *cost, uint64_t blocks, void *handle, int per_thread) {
  /* The symbols that we ask by are those of the legacy stream, so the thread's own is named. */
  if (!handle && per_thread) handle = (void *)2;
  uint64_t cost_ns = cloudless_cost_ns(cost, blocks);
  struct orders orders;
  launch->gpu = NULL;
  launch->sample = NULL;
  if (cloudless_is_captured() && cloudless_captures(handle)) {
    cloudless_count_captured(cost_ns, cost->communicates);
    return;
  }
  struct gpu *gpu = cloudless_gpu_here();
  if (!gpu) return;
  uint64_t now = cloudless_now_ns();
  int is_ordered = cloudless_is_managed(gpu, now) &&
                   (cloudless_orders(gpu, &orders) || (!cost->communicates && cloudless_first_orders(gpu, &orders, &now)));
  if (is_ordered && !cost->communicates) cloudless_admit(gpu, &orders, cloudless_least_ns(cost, cost_ns), &now);
  show_busy(gpu, now);
  charge(gpu, cost, cost_ns, now);
  launch->gpu = gpu;
  launch->handle = handle;
  launch->stream = cloudless_stream(gpu, cloudless_stream_key(handle, per_thread), handle);
  launch->is_closing = 0;
  if (launch->stream) {
    uint32_t launched = ADD(launch->stream->launched, 1) + 1;
    if (cost->communicates != KERNEL_COMMUNICATES) STORE(launch->stream->computed, launched);
    /* What is not known may be long: it is closed at once. */
    if (is_ordered && orders.segments_max && !cost->communicates)
      launch->is_closing =
          ADD(launch->stream->open_ns, cost_ns) + cost_ns >= orders.segment_us * UINT64_C(1000) || cost->is_guess;
  }
  if (is_ordered && !cloudless_is_captured()) launch->sample = cloudless_sample(gpu, cost, blocks, handle, now);
}

static void end(struct launch *launch) {
  if (!launch->gpu) return;
  if (launch->sample) cloudless_sample_ends(launch->sample, launch->handle);
  if (launch->is_closing && !cloudless_is_captured()) cloudless_close_segment(launch->gpu, launch->stream);
}

#define LAUNCH(name, cost, blocks, stream, per_thread, ...) \
  if (!cloudless_gpus) return REAL(name)(__VA_ARGS__); \
  cloudless_find_driver(); \
  struct launch launch; \
  begin(&launch, cost, blocks, stream, per_thread); \
  cu_result result = REAL(name)(__VA_ARGS__); \
  end(&launch); \
  return result;
#define LAUNCH_KERNEL(name, blocks, stream, per_thread, ...) \
  LAUNCH(name, cloudless_cost(function, blocks), blocks, stream, per_thread, __VA_ARGS__)
#define BLOCKS(x, y, z) ((uint64_t)(x) * (y) * (z))

EXPORT cu_result cuLaunch(void *function) { LAUNCH_KERNEL(cuLaunch, 1, NULL, 0, function) }
EXPORT cu_result cuLaunchGrid(void *function, int x, int y) {
  uint64_t blocks = BLOCKS((unsigned)x, (unsigned)y, 1);
  LAUNCH_KERNEL(cuLaunchGrid, blocks, NULL, 0, function, x, y)
}
EXPORT cu_result cuLaunchGridAsync(void *function, int x, int y, void *stream) {
  uint64_t blocks = BLOCKS((unsigned)x, (unsigned)y, 1);
  LAUNCH_KERNEL(cuLaunchGridAsync, blocks, stream, 0, function, x, y, stream)
}

#define KERNEL(name, per_thread) \
  EXPORT cu_result name KERNEL_PARAMETERS { \
    uint64_t blocks = BLOCKS(x, y, z); \
    LAUNCH_KERNEL(name, blocks, stream, per_thread, function, x, y, z, block_x, block_y, block_z, shared_bytes, stream, \
                  parameters, extra) \
  }
#define COOPERATIVE(name, per_thread) \
  EXPORT cu_result name COOPERATIVE_PARAMETERS { \
    uint64_t blocks = BLOCKS(x, y, z); \
    LAUNCH_KERNEL(name, blocks, stream, per_thread, function, x, y, z, block_x, block_y, block_z, shared_bytes, stream, \
                  parameters) \
  }
#define EX(name, per_thread) \
  EXPORT cu_result name(const struct cu_launch *config, void *function, void **parameters, void **extra) { \
    uint64_t blocks = config ? BLOCKS(config->x, config->y, config->z) : 0; \
    LAUNCH_KERNEL(name, blocks, config ? config->stream : NULL, per_thread, config, function, parameters, extra) \
  }
#define GRAPH_LAUNCH(name, per_thread) \
  EXPORT cu_result name(void *graph, void *stream) { \
    if (cloudless_gpus) cloudless_count_graph(stream); \
    LAUNCH(name, cloudless_graph_cost(graph, 1), 1, stream, per_thread, graph, stream) \
  }
KERNEL(cuLaunchKernel, 0)
KERNEL(cuLaunchKernel_ptsz, 1)
COOPERATIVE(cuLaunchCooperativeKernel, 0)
COOPERATIVE(cuLaunchCooperativeKernel_ptsz, 1)
EX(cuLaunchKernelEx, 0)
EX(cuLaunchKernelEx_ptsz, 1)
GRAPH_LAUNCH(cuGraphLaunch, 0)
GRAPH_LAUNCH(cuGraphLaunch_ptsz, 1)
