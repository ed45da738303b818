/* What the handles of the fake driver point to, and what its files share. */
#ifndef FAKE_GPU_OBJECTS_H
#define FAKE_GPU_OBJECTS_H
#include <stdbool.h>
#include "cuda.h"
#include "device.h"

/* Only these names leave the library, so that nothing of it gets in a client's way. */
#define API __attribute__((visibility("default")))
#define CU API CUresult

enum { DEVICES = 16, KERNEL_NAME = 128, LEGACY_STREAM = 1, PER_THREAD_STREAM = 2 };

struct stream_handle {
  struct context *context;
  uint32_t slot;
  int capture_mode;
  struct graph *capturing;
  bool is_invalid; /* something was called that a capture does not allow */
  pid_t thread; /* that began the capture */
  struct stream_handle *next;
};

struct context {
  struct fake_gpu *gpu;
  CUdevice device;
  uint32_t client;
  int uses; /* of a primary context */
  struct stream_handle *streams; /* the last one is the default stream */
};

struct event_handle {
  struct fake_gpu *gpu;
  uint32_t slot;
};

struct function {
  char name[KERNEL_NAME];
  double ns_per_block;
  uint32_t demand_milli;
};

struct module {
  size_t count;
  struct function functions[];
};

struct launch {
  CUfunction function;
  unsigned int grid[3], block[3], shared;
};

enum { DRIVER_VERSION = 13000 };

/* contexts.c */
struct context *current_context(void);
struct stream_handle *stream_of(CUstream stream); /* NULL: no context */
struct stream_handle *new_stream(struct context *context);
CUresult device_failure(struct fake_gpu *gpu);

/* streams.c */
CUresult run_launch(struct stream_handle *stream, const struct launch *launch);
/* Capturing forbids some calls while it goes on: it then fails, as on a GPU. `stream`: only that one. */
CUresult forbid_in_capture(struct stream_handle *stream);

/* graphs.c */
void graph_add(struct graph *graph, const struct launch *launch);
#endif
