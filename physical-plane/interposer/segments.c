/* Work in flight. Nothing in user space can stop what a device has begun or been given, so a confined process is held to a
 * few pieces of about half a millisecond, each closed by an event on the stream on which it was launched. Pieces are
 * filled by stream, since an event tells of its own stream only, and counted for the GPU, since all share that. */
#define _GNU_SOURCE
#include <string.h>

#include "interposer.h"

static __thread char thread_mark;

/* 0 is the legacy default stream, which is also 1; 2 is the calling thread's own, another stream on every thread. */
uint64_t cloudless_stream_key(void *stream, int per_thread) {
  uintptr_t handle = (uintptr_t)stream;
  if (handle == 2 || (handle == 0 && per_thread)) return (uint64_t)(uintptr_t)&thread_mark;
  return handle ? handle : 1;
}

struct stream *cloudless_stream(struct gpu *gpu, uint64_t key, void *handle) {
  unsigned first = (unsigned)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 40);
  struct stream *free = NULL;
  for (unsigned probe = 0; probe < STREAMS; probe++) {
    struct stream *stream = &gpu->streams[(first + probe) % STREAMS];
    uint64_t its = LOAD(stream->key);
    if (its == key) return stream;
    if (!free && (its == 0 || stream->launched == stream->done)) free = stream;
    if (its == 0) break;
  }
  uint64_t was = free ? LOAD(free->key) : key;
  if (!free || !CHANGE(free->key, was, key)) {
    STORE(gpu->has_lost_streams, 1);
    return NULL;
  }
  free->handle = handle;
  free->open_ns = 0;
  STORE(free->done, LOAD(free->launched));
  return free;
}

/* Its launches count as done: what the driver still does for it is not to be asked for any more. */
void cloudless_forget_stream(struct gpu *gpu, uint64_t key) {
  for (int at = 0; at < STREAMS; at++) {
    struct stream *stream = &gpu->streams[at];
    if (LOAD(stream->key) != key) continue;
    STORE(stream->done, LOAD(stream->launched));
    /* A key that nobody asks for, so that those behind it are still found. */
    STORE(stream->key, UINT64_MAX);
  }
}

void cloudless_close_segment(struct gpu *gpu, struct stream *stream) {
  void *context = NULL;
  if (!cloudless_driver.cuEventRecord || !cloudless_driver.cuEventCreate || !cloudless_driver.cuCtxGetCurrent) return;
  if (cloudless_driver.cuCtxGetCurrent(&context) != 0) return;
  for (int at = 0; at < SEGMENTS; at++) {
    struct segment *segment = &gpu->segments[at];
    if (LOAD(segment->state) != FREE || (segment->event && segment->context != context)) continue;
    if (!CHANGE(segment->state, FREE, TAKEN)) continue;
    segment->context = context;
    /* 2: without times, which makes the event cheaper. */
    int is_closed = (segment->event || cloudless_driver.cuEventCreate(&segment->event, 2) == 0) &&
                    cloudless_driver.cuEventRecord(segment->event, stream->handle) == 0;
    if (is_closed) {
      ADD(gpu->slot->segments_open, 1);
      STORE(stream->open_ns, 0);
    }
    __atomic_store_n(&segment->state, is_closed ? OPEN : FREE, __ATOMIC_RELEASE);
    return;
  }
}

uint32_t cloudless_open_segments(struct gpu *gpu) {
  if (cloudless_is_captured()) return 0;
  for (int at = 0; at < SEGMENTS; at++) {
    struct segment *segment = &gpu->segments[at];
    if (LOAD(segment->state) != OPEN || !CHANGE(segment->state, OPEN, TAKEN)) continue;
    /* 600: not done. Any other answer is of an event that will never tell more. */
    int is_open = cloudless_driver.cuEventQuery(segment->event) == 600;
    if (!is_open) SUBTRACT(gpu->slot->segments_open, 1);
    __atomic_store_n(&segment->state, is_open ? OPEN : FREE, __ATOMIC_RELEASE);
  }
  return LOAD(gpu->slot->segments_open);
}
