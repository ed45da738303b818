/* What launches take of the device, learned from events around one launch in 64. A cost is of a function and a size (the
 * power of two of its blocks): the time of a block of one function differs little within a size, but much between them. */
#define _GNU_SOURCE
#include <string.h>

#include "interposer.h"

enum { COSTS = 8192, PROBES = 16, SAMPLED_FIRST = 4, SAMPLED_EACH = 64, GRAPH = 255, GONE = 1 };
/* Before anything is measured: a kernel that hardly fills the device. */
#define LAUNCH_GUESS_NS UINT64_C(3000)
#define BLOCK_GUESS_NS UINT64_C(20)
#define COST_MOST_NS (10 * SECOND)
/* From here on two events cost nothing beside it. */
#define LONG_NS (MS / 2)

static struct cost costs[COSTS];
/* For what finds no place: known to be a guess for ever. */
static struct cost crowd = {.is_guess = 1};
static uint16_t name_age;

static struct cost *find(uint64_t key, int is_new_wanted) {
  uint64_t mixed = key * UINT64_C(0x9e3779b97f4a7c15);
  struct cost *free = NULL;
  for (unsigned probe = 0; probe < PROBES; probe++) {
    struct cost *cost = &costs[((mixed >> 40) + probe) % COSTS];
    uint64_t its = LOAD(cost->key);
    if (its == key) return cost;
    if (!free && (its == 0 || its == GONE)) free = cost;
    if (its == 0) break;
  }
  if (!is_new_wanted) return NULL;
  uint64_t was = free ? LOAD(free->key) : key;
  if (!free || (was != 0 && was != GONE) || !CHANGE(free->key, was, key)) return &crowd;
  free->is_guess = 1;
  return free;
}

/* Kernels that wait for other GPUs: holding one back would hold them all. */
static int communicates(void *function) {
  static const char *const names[] = {"ncclDevKernel", "ncclKernel", "ncclSymk", "nvshmem", "cross_device_reduce"};
  const char *name = NULL;
  if (!cloudless_driver.cuFuncGetName || cloudless_driver.cuFuncGetName(&name, function) != 0)
    if (!cloudless_driver.cuKernelGetName || cloudless_driver.cuKernelGetName(&name, function) != 0) return 0;
  for (size_t at = 0; name && at < sizeof names / sizeof *names; at++)
    if (strstr(name, names[at])) return 1;
  return 0;
}

struct cost *cloudless_cost(void *function, uint64_t blocks) {
  uint64_t size = blocks ? 63 - (uint64_t)__builtin_clzll(blocks) : 0;
  struct cost *cost = find(((uint64_t)(uintptr_t)function << 8) | size, 1);
  /* Unloading a module gives its addresses to other functions. */
  if (cost != &crowd && cost->name_age != (uint16_t)(LOAD(name_age) + 1)) {
    cost->communicates = (uint8_t)communicates(function);
    cost->name_age = (uint16_t)(LOAD(name_age) + 1);
  }
  return cost;
}

struct cost *cloudless_graph_cost(void *exec, int is_new) {
  return find(((uint64_t)(uintptr_t)exec << 8) | GRAPH, is_new);
}

void cloudless_set_graph_cost(void *graph, uint64_t ns, int communicates) {
  struct cost *cost = cloudless_graph_cost(graph, 1);
  if (cost == &crowd) return;
  STORE(cost->picoseconds, ns * 1000);
  cost->communicates = (uint8_t)communicates;
  cost->is_guess = 1;
  cost->launches = 0;
}

void cloudless_forget_cost(struct cost *cost) {
  if (cost == &crowd) return;
  memset((char *)cost + sizeof cost->key, 0, sizeof *cost - sizeof cost->key);
  __atomic_store_n(&cost->key, GONE, __ATOMIC_RELEASE);
}

void cloudless_names_change(void) { ADD(name_age, 1); }

uint64_t cloudless_cost_ns(const struct cost *cost, uint64_t blocks) {
  uint64_t picoseconds = LOAD(cost->picoseconds);
  if (!picoseconds) return LAUNCH_GUESS_NS + (blocks < COST_MOST_NS ? blocks * BLOCK_GUESS_NS : 0);
  double ns = (double)blocks * (double)picoseconds / 1000;
  return ns < (double)COST_MOST_NS ? (uint64_t)ns : COST_MOST_NS;
}

uint64_t cloudless_least_ns(const struct cost *cost, uint64_t cost_ns) {
  return cost->is_doubtful && cost_ns >= LONG_NS ? cost_ns / 2 : cost_ns;
}

/* Alone on the device both directions count alike. Beside others a sample holds their time too: smaller ones are then
 * believed, larger ones little, and the first alone replaces all of them. */
static void learn(struct cost *cost, uint64_t picoseconds, int is_clean, int was_alone) {
  uint64_t known = LOAD(cost->picoseconds);
  if (picoseconds == 0) picoseconds = 1;
  if ((cost->is_guess || (cost->is_doubtful && was_alone)) && cost != &crowd) {
    known = picoseconds;
    cost->is_guess = 0;
    cost->is_doubtful = !was_alone;
  } else if (picoseconds < known) {
    known -= (known - picoseconds) / (is_clean ? 8 : 2);
  } else {
    uint64_t more = picoseconds - known;
    known += is_clean ? more / 8 : (more < known ? more : known) / 64;
  }
  STORE(cost->picoseconds, known ? known : 1);
}

/* Nobody else has anything on the device, nor has launched since. */
static int is_alone(const struct gpu *gpu, uint64_t since) {
  const cloudless_claim *claims = (const cloudless_claim *)((const char *)gpu->header + CLOUDLESS_CLAIMS_AT);
  const struct cloudless_slot *slots = (const struct cloudless_slot *)((const char *)gpu->header + CLOUDLESS_SLOTS_AT);
  for (int at = 0; at < CLOUDLESS_SLOTS; at++)
    if (LOAD(claims[at]) && &slots[at] != gpu->slot && (LOAD(slots[at].busy) || LOAD(slots[at].last_launch_ns) > since)) return 0;
  return 1;
}

/* Events belong to the context in which they were made. */
static int has_events(struct sample *sample) {
  void *context = NULL;
  if (cloudless_driver.cuCtxGetCurrent(&context) != 0 || !context) return 0;
  if (sample->from && sample->to) return sample->context == context;
  sample->context = context;
  return cloudless_driver.cuEventCreate(&sample->from, 0) == 0 && cloudless_driver.cuEventCreate(&sample->to, 0) == 0;
}

struct sample *cloudless_sample(struct gpu *gpu, struct cost *cost, uint64_t blocks, void *stream, uint64_t now) {
  uint32_t before = cost->launches++;
  cost->unmeasured += blocks;
  if (cost->is_guess) cost->guessed_ns += cloudless_cost_ns(cost, blocks);
  /* The first launch of all may load its code between the events. */
  int is_due = before <= SAMPLED_FIRST || before % SAMPLED_EACH == 0 || cloudless_cost_ns(cost, blocks) >= LONG_NS;
  if (before == 0 || !is_due) return NULL;
  if (cost == &crowd || cost->communicates || !cloudless_driver.cuEventElapsedTime) return NULL;
  cloudless_harvest(gpu);
  for (int at = 0; at < SAMPLES; at++) {
    struct sample *sample = &gpu->samples[at];
    if (LOAD(sample->state) != FREE || !CHANGE(sample->state, FREE, TAKEN)) continue;
    if (!has_events(sample) || cloudless_driver.cuEventRecord(sample->from, stream) != 0) {
      STORE(sample->state, FREE);
      continue;
    }
    sample->cost = cost;
    sample->blocks = blocks;
    /* On an empty stream the time until the launch arrives is between the events too. */
    sample->is_clean = now < LOAD(gpu->drained_at_ns);
    sample->began_ns = is_alone(gpu, now) ? now : 0;
    return sample;
  }
  return NULL;
}

void cloudless_sample_ends(struct sample *sample, void *stream) {
  int result = cloudless_driver.cuEventRecord(sample->to, stream);
  __atomic_store_n(&sample->state, result == 0 ? OPEN : FREE, __ATOMIC_RELEASE);
}

void cloudless_harvest(struct gpu *gpu) {
  if (cloudless_is_captured()) return;
  for (int at = 0; at < SAMPLES; at++) {
    struct sample *sample = &gpu->samples[at];
    if (LOAD(sample->state) != OPEN || !CHANGE(sample->state, OPEN, TAKEN)) continue;
    float ms = 0;
    if (cloudless_driver.cuEventQuery(sample->to) != 0) {
      __atomic_store_n(&sample->state, OPEN, __ATOMIC_RELEASE);
      continue;
    }
    struct cost *cost = sample->cost;
    if (cloudless_driver.cuEventElapsedTime(&ms, sample->from, sample->to) == 0 && ms >= 0 && ms < 60000) {
      double picoseconds = (double)ms * 1e9 / (double)(sample->blocks ? sample->blocks : 1);
      uint64_t took_ns = (uint64_t)(picoseconds * (double)cost->unmeasured / 1000);
      /* What was charged too little by guessing is a debt now. */
      if (cost->is_guess && took_ns > cost->guessed_ns) ADD(gpu->slot->spent_ns, took_ns - cost->guessed_ns);
      int was_alone = sample->began_ns && is_alone(gpu, sample->began_ns);
      learn(cost, (uint64_t)picoseconds, sample->is_clean && sample->began_ns, was_alone);
      ADD(gpu->slot->gpu_ns, took_ns);
      cost->unmeasured = cost->guessed_ns = 0;
    }
    __atomic_store_n(&sample->state, FREE, __ATOMIC_RELEASE);
  }
}
