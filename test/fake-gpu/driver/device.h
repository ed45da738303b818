/* Test equipment: a GPU that is a file. Processes that map it share its queues, its clock and its memory account. Nothing runs
 * on it: a kernel is a length of time and a demand for multiprocessors, and whoever looks next works out what the device has
 * done meanwhile, so that its time does not hang on when a process is scheduled. test/fake-gpu/fake-gpu.ts makes such a file. */
#ifndef FAKE_GPU_DEVICE_H
#define FAKE_GPU_DEVICE_H
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define FAKE_GPU_MAGIC UINT64_C(0x31555047454b4146) /* "FAKEGPU1" */

enum {
  FAKE_GPU_VERSION = 1,
  FAKE_GPU_CLIENTS = 1024,
  FAKE_GPU_STREAMS = 2048,
  FAKE_GPU_EVENTS = 65536,
  /* What a stream holds that has not run yet. As on a GPU, whoever launches more waits. */
  FAKE_GPU_COMMANDS = 1024,
};

enum fake_gpu_model { FAKE_GPU_FIFO, FAKE_GPU_ROUND_ROBIN, FAKE_GPU_PROCESSOR_SHARING };
enum fake_gpu_kind { FAKE_GPU_KERNEL = 1, FAKE_GPU_EVENT, FAKE_GPU_WAIT };

struct command {
  uint32_t kind, demand_milli;
  double work_ns; /* alone on the device */
  uint64_t order; /* of arrival at the device */
  uint32_t event;
  uint32_t other; /* FAKE_GPU_WAIT: the stream waited for, until it is past other_at */
  uint64_t other_at;
};

/* A context: time slicing is between them, and memory is theirs. */
struct client {
  uint32_t pid; /* 0: free */
  uint32_t cap_milli; /* multiprocessors that it may use at most */
  uint64_t started; /* of the process, in clock ticks */
  uint64_t memory_bytes;
  double used_ns; /* multiprocessor time, in nanoseconds of the whole device */
};

struct event {
  uint32_t client, stream; /* stream + 1; 0 as long as it was not recorded */
  uint64_t at; /* its place in the stream */
  double done_ns;
};

struct stream {
  uint32_t client; /* + 1; 0: free */
  uint32_t pad;
  uint64_t tail;
};

/* What changes as time goes by, apart from what was submitted: small, because whoever waits plays a copy of it forward. */
struct progress {
  double now_ns;
  double slice_left_ns;
  uint32_t turn; /* the client whose slice it is */
  uint32_t running; /* in order of arrival: stream + 1 of the kernel that has begun */
  uint64_t head[FAKE_GPU_STREAMS];
  double left_ns[FAKE_GPU_STREAMS]; /* of the command at the head */
  uint64_t active[FAKE_GPU_STREAMS / 64];
};

struct fake_gpu {
  /* The first 192 bytes are written by whoever makes the file. */
  uint64_t magic;
  uint32_t version, model;
  uint64_t memory_bytes;
  uint32_t quantum_us, multiprocessors;
  uint32_t is_virtual; /* time passes only when somebody waits or sleeps: for one process */
  uint32_t failure; /* not 0: what every call on the device answers, as when it fell off the bus */
  uint32_t driver_version, pad;
  uint8_t uuid[16];
  char name[64];
  uint8_t pad_made[64];
  /* The rest by the driver, from zeroes. */
  uint32_t is_ready;
  pthread_mutex_t lock;
  uint64_t order;
  struct progress progress;
  struct client clients[FAKE_GPU_CLIENTS];
  struct stream streams[FAKE_GPU_STREAMS];
  struct event events[FAKE_GPU_EVENTS];
  struct command commands[FAKE_GPU_STREAMS][FAKE_GPU_COMMANDS];
};

_Static_assert(__builtin_offsetof(struct fake_gpu, is_ready) == 192, "what fake-gpu.ts writes");
_Static_assert(sizeof(struct fake_gpu) == 85557776, "what fake-gpu.ts makes");

struct fake_gpu *device_open(const char *path);
void device_lock(struct fake_gpu *gpu); /* brings it up to date, too */
void device_unlock(struct fake_gpu *gpu);
double device_now(struct fake_gpu *gpu);
void device_sleep(struct fake_gpu *gpu, double ns);

/* These lock it themselves. A number, or -1 when there is no more. */
int device_add_client(struct fake_gpu *gpu, uint32_t cap_milli);
void device_drop_client(struct fake_gpu *gpu, uint32_t client);
int device_add_stream(struct fake_gpu *gpu, uint32_t client);
void device_drop_stream(struct fake_gpu *gpu, uint32_t stream);
int device_add_event(struct fake_gpu *gpu, uint32_t client);
bool device_take_memory(struct fake_gpu *gpu, uint32_t client, uint64_t bytes);
void device_return_memory(struct fake_gpu *gpu, uint32_t client, uint64_t bytes);
uint64_t device_free_memory(struct fake_gpu *gpu);
/* Waits while the stream is full. */
void device_submit(struct fake_gpu *gpu, uint32_t stream, struct command command);
bool device_is_past(struct fake_gpu *gpu, uint32_t stream, uint64_t at);
void device_wait(struct fake_gpu *gpu, uint32_t stream, uint64_t at);
uint64_t device_tail(struct fake_gpu *gpu, uint32_t stream);

/* model.c: lets time pass until `until_ns`, or until `stream` is past `at`. With `is_real` false nothing but `progress`
 * changes. Answers the time at which it stopped, or infinity when the stream will never get there by itself. */
double model_advance(struct fake_gpu *gpu, struct progress *progress, bool is_real, double until_ns, int stream, uint64_t at);

#endif
