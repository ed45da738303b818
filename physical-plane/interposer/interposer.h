/* What the files of the interposer share. A hook runs on any thread of a foreign program: no lock is held while the
 * driver is called, nothing is allocated on the way of dlsym or of a launch, and every doubt lets the call through. */
#ifndef CLOUDLESS_INTERPOSER_H
#define CLOUDLESS_INTERPOSER_H
#include <stddef.h>
#include <stdint.h>

#include "entry-points.h"
#include "shared.h"

#define EXPORT __attribute__((visibility("default")))
#define LOAD(place) __atomic_load_n(&(place), __ATOMIC_RELAXED)
#define STORE(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELAXED)
#define ADD(place, value) __atomic_fetch_add(&(place), (value), __ATOMIC_RELAXED)
#define SUBTRACT(place, value) __atomic_fetch_sub(&(place), (value), __ATOMIC_RELAXED)
/* True for the one thread that changed it. */
#define CHANGE(place, from, to) __sync_bool_compare_and_swap(&(place), (from), (to))

enum {
  INTERPOSER_VERSION = 1,
  GPUS = 16,
  STREAMS = 64,
  SEGMENTS = 64,
  SAMPLES = 16,
  CU_OUT_OF_MEMORY = 2,
  CU_NOT_FOUND = 500,
};

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)

typedef int cu_result;

#define DECLARE(name, base, since, per_thread, parameters) EXPORT cu_result name parameters;
CLOUDLESS_HOOKS(DECLARE)
#undef DECLARE

enum entry_point {
#define NUMBER(name, ...) AT_##name,
  CLOUDLESS_HOOKS(NUMBER)
#undef NUMBER
      ENTRY_POINTS
};

/* Doors: the driver's own function behind a hook, and those that the library calls itself. */
extern void *cloudless_real[ENTRY_POINTS];
void *cloudless_resolve(enum entry_point entry);
#define REAL(name) \
  ((__typeof__(&name))(LOAD(cloudless_real[AT_##name]) ? LOAD(cloudless_real[AT_##name]) \
                                                       : cloudless_resolve(AT_##name)))
struct driver {
#define MEMBER(name, parameters) cu_result (*name) parameters;
  CLOUDLESS_ASKED(MEMBER)
#undef MEMBER
};
extern struct driver cloudless_driver;
void cloudless_find_symbols(void);
/* Before anything is asked of it. The last symbol of the list tells that all have been looked for. */
static inline void cloudless_find_driver(void) {
  if (!LOAD(cloudless_driver.cuDriverGetVersion)) cloudless_find_symbols();
}

/* What a launch of one function with about so many blocks, or of one graph, takes of the device. */
struct cost {
  uint64_t key;
  uint64_t picoseconds; /* a block; 0: not known */
  uint64_t unmeasured;  /* blocks since it was last measured */
  uint64_t guessed_ns;  /* charged before it was ever measured */
  uint32_t launches;
  uint8_t is_guess;
  uint8_t is_doubtful;  /* measured beside others only: up to so much may have been theirs */
  uint8_t communicates; /* a kernel alone, or a graph among others: never held back */
  uint16_t name_age;
};

struct stream {
  uint64_t key;
  void *handle;
  uint32_t launched, done;
  uint32_t computed; /* `launched` at its last launch that does more than communicate */
  uint64_t open_ns; /* launched since its last event */
};

enum { FREE = 0, TAKEN = 1, OPEN = 2 };
enum { KERNEL_COMMUNICATES = 1, GRAPH_COMMUNICATES = 2 };

/* A piece of work, closed by an event. */
struct segment {
  uint32_t state;
  void *event, *context;
};

/* Two events around one launch. */
struct sample {
  uint32_t state;
  void *from, *to, *context;
  struct cost *cost;
  uint64_t blocks, began_ns;
  int is_clean;
};

struct gpu {
  const char *path;
  unsigned ordinal;
  /* Of the file as it was when it was opened: an inode replaced is another file. */
  uint64_t inode, looked_at_ns;
  struct cloudless_header *header; /* NULL: none, all passes */
  cloudless_claim *claim, claimed;
  struct cloudless_slot *slot; /* never NULL: without one its lines are `nowhere` */
  uint32_t sequence_before;    /* orders with this number were the former owner's */
  uint32_t is_refused;
  uint64_t drained_at_ns;
  uint32_t has_lost_streams;
  struct stream streams[STREAMS];
  struct segment segments[SEGMENTS];
  struct sample samples[SAMPLES];
  struct cloudless_slot nowhere;
};

struct orders {
  uint64_t granted_ns, memory_limit_bytes, open_until_ns;
  uint32_t mode, segments_max, segment_us, barrier_us, block_max_us, patience_us, bubble_us, token_us;
  uint64_t window_from_ns[CLOUDLESS_WINDOWS], window_until_ns[CLOUDLESS_WINDOWS]; /* set in CLOUDLESS_WINDOW only */
  uint8_t yields_to[CLOUDLESS_YIELDS];
};

/* Shared files. `cloudless_gpus` is 0 where nothing is to be done. */
extern int cloudless_gpus;
/* The limit of memory before the manager's first order: a model is loaded in the first moments of a process. 0: none. */
extern uint64_t cloudless_memory_until_told;
void cloudless_start(void);
uint64_t cloudless_now_ns(void);
/* The GPU of the context that is current, its slot claimed; NULL: not one of ours. */
struct gpu *cloudless_gpu_here(void);
struct gpu *cloudless_gpu(int ordinal);
/* The same without claiming anything. */
struct gpu *cloudless_known_gpu(int ordinal);
int cloudless_is_managed(struct gpu *gpu, uint64_t now);
/* 0 where nobody has given any. */
int cloudless_orders(struct gpu *gpu, struct orders *orders);
void cloudless_forget_handles(struct gpu *gpu);

/* Costs. */
struct cost *cloudless_cost(void *function, uint64_t blocks);
/* NULL where there is none and none is to be made. */
struct cost *cloudless_graph_cost(void *exec, int is_new);
void cloudless_set_graph_cost(void *graph, uint64_t ns, int communicates);
void cloudless_forget_cost(struct cost *cost);
uint64_t cloudless_cost_ns(const struct cost *cost, uint64_t blocks);
/* The least that it may take, for what is to fit into a bubble: what was never measured alone is to get the chance. */
uint64_t cloudless_least_ns(const struct cost *cost, uint64_t cost_ns);
struct sample *cloudless_sample(struct gpu *gpu, struct cost *cost, uint64_t blocks, void *stream, uint64_t now);
void cloudless_sample_ends(struct sample *sample, void *stream);
void cloudless_harvest(struct gpu *gpu);
void cloudless_names_change(void);

/* Streams and segments: work in flight, each piece closed by an event. */
uint64_t cloudless_stream_key(void *stream, int per_thread);
/* NULL when there are too many. */
struct stream *cloudless_stream(struct gpu *gpu, uint64_t key, void *handle);
void cloudless_forget_stream(struct gpu *gpu, uint64_t key);
void cloudless_close_segment(struct gpu *gpu, struct stream *stream);
uint32_t cloudless_open_segments(struct gpu *gpu);

/* Held back, or not. */
void cloudless_nap(unsigned us);
int cloudless_first_orders(struct gpu *gpu, struct orders *orders, uint64_t *now);
void cloudless_admit(struct gpu *gpu, struct orders *orders, uint64_t least_ns, uint64_t *now);

/* Nothing but communication of it is on the device. */
void cloudless_show_communication(struct gpu *gpu, uint64_t now);

/* Graphs. */
int cloudless_is_captured(void);
int cloudless_captures(void *stream);
void cloudless_count_captured(uint64_t cost_ns, int communicates);
void cloudless_count_graph(void *stream);
void cloudless_drop_captures(void);

/* Memory. */
void cloudless_drop_memory(void);
#endif
