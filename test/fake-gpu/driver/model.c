/* Which kernels run side by side, and how fast: the three ways in which a GPU is shared.
 * - In order of arrival: one kernel at a time, whoever launched it. What a queue that runs ahead does to others is at its worst.
 * - Round robin: contexts take turns of a quantum, as under time slicing; within a turn kernels run side by side.
 * - Processor sharing: all run side by side, as under MPS. A kernel demands thousandths of the multiprocessors, above 1000 when
 *   its blocks need several waves; where the demands exceed the device, each gets of it in proportion to its demand.
 * test/fake-gpu/model.test.ts has the same arithmetic in a few lines of TypeScript, written apart, and compares. */
#include <math.h>
#include "device.h"

enum { SIDE_BY_SIDE = FAKE_GPU_STREAMS };
static const double whole = 1000, nothing_left_ns = 1e-3;

static struct command *head_of(struct fake_gpu *gpu, const struct progress *p, uint32_t stream) {
  return &gpu->commands[stream][p->head[stream] % FAKE_GPU_COMMANDS];
}

static bool is_active(const struct progress *p, uint32_t stream) { return p->active[stream / 64] >> (stream % 64) & 1; }

static uint32_t next_active(const struct progress *p, uint32_t from) {
  for (uint32_t word = from / 64; word < FAKE_GPU_STREAMS / 64; word++) {
    uint64_t bits = p->active[word];
    if (word == from / 64) bits &= ~UINT64_C(0) << (from % 64);
    if (bits) return word * 64 + (uint32_t)__builtin_ctzll(bits);
  }
  return FAKE_GPU_STREAMS;
}

static void pop(struct fake_gpu *gpu, struct progress *p, uint32_t stream) {
  if (p->running == stream + 1) p->running = 0;
  p->head[stream]++;
  if (p->head[stream] == gpu->streams[stream].tail) p->active[stream / 64] &= ~(UINT64_C(1) << (stream % 64));
  else p->left_ns[stream] = head_of(gpu, p, stream)->work_ns;
}

/* Passes events and waits, which take no time, until nothing but kernels and unfulfilled waits are at the heads. */
static void settle(struct fake_gpu *gpu, struct progress *p, bool is_real) {
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t s = next_active(p, 0); s < FAKE_GPU_STREAMS; s = next_active(p, s + 1)) {
      while (is_active(p, s)) {
        const struct command *command = head_of(gpu, p, s);
        if (command->kind == FAKE_GPU_KERNEL) break;
        if (command->kind == FAKE_GPU_WAIT && p->head[command->other] <= command->other_at) break;
        if (command->kind == FAKE_GPU_EVENT && is_real) gpu->events[command->event].done_ns = p->now_ns;
        pop(gpu, p, s);
        changed = true;
      }
    }
  }
}

static bool has_kernel(struct fake_gpu *gpu, const struct progress *p, uint32_t stream) {
  return is_active(p, stream) && head_of(gpu, p, stream)->kind == FAKE_GPU_KERNEL;
}

static uint32_t owner(const struct fake_gpu *gpu, uint32_t stream) { return gpu->streams[stream].client - 1; }

static uint32_t first_come(struct fake_gpu *gpu, struct progress *p, const uint32_t *ready, uint32_t count) {
  if (p->running && has_kernel(gpu, p, p->running - 1)) return p->running - 1;
  uint32_t first = ready[0];
  for (uint32_t i = 1; i < count; i++)
    if (head_of(gpu, p, ready[i])->order < head_of(gpu, p, first)->order) first = ready[i];
  p->running = first + 1;
  return first;
}

/* The client of the slice: as before while it has time and work, else the next one that has work. */
static uint32_t whose_turn(struct fake_gpu *gpu, struct progress *p, const uint32_t *ready, uint32_t count) {
  uint32_t best = 0, best_distance = FAKE_GPU_CLIENTS + 1;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t distance = (owner(gpu, ready[i]) + FAKE_GPU_CLIENTS - p->turn) % FAKE_GPU_CLIENTS;
    if (distance == 0 && p->slice_left_ns <= nothing_left_ns) distance = FAKE_GPU_CLIENTS;
    if (distance < best_distance) best = owner(gpu, ready[i]), best_distance = distance;
  }
  if (best_distance > 0) p->turn = best, p->slice_left_ns = gpu->quantum_us * 1e3;
  return p->turn;
}

/* Answers which streams run now, in place of those that are ready. */
static uint32_t choose(struct fake_gpu *gpu, struct progress *p, uint32_t *ready, uint32_t count) {
  if (count == 0 || gpu->model == FAKE_GPU_PROCESSOR_SHARING) return count;
  if (gpu->model == FAKE_GPU_FIFO) return ready[0] = first_come(gpu, p, ready, count), 1;
  uint32_t turn = whose_turn(gpu, p, ready, count), chosen = 0;
  for (uint32_t i = 0; i < count; i++)
    if (owner(gpu, ready[i]) == turn) ready[chosen++] = ready[i];
  return chosen;
}

/* What it asks of the device; a cap below the whole also takes away the blocks that would wait. */
static double demand_of(struct fake_gpu *gpu, const struct progress *p, uint32_t stream) {
  double demand = head_of(gpu, p, stream)->demand_milli, cap = gpu->clients[owner(gpu, stream)].cap_milli;
  return cap < whole && demand > cap ? cap : demand;
}

double model_advance(struct fake_gpu *gpu, struct progress *p, bool is_real, double until_ns, int stream, uint64_t at) {
  static _Thread_local uint32_t ready[SIDE_BY_SIDE];
  static _Thread_local double rate[SIDE_BY_SIDE], used[SIDE_BY_SIDE];
  for (;;) {
    settle(gpu, p, is_real);
    if (stream >= 0 && p->head[stream] > at) return p->now_ns;
    uint32_t count = 0;
    for (uint32_t s = next_active(p, 0); s < FAKE_GPU_STREAMS; s = next_active(p, s + 1))
      if (has_kernel(gpu, p, s)) ready[count++] = s;
    count = choose(gpu, p, ready, count);
    if (count == 0) return p->now_ns = until_ns;
    double demanded = 0, step = INFINITY;
    for (uint32_t i = 0; i < count; i++) demanded += demand_of(gpu, p, ready[i]);
    for (uint32_t i = 0; i < count; i++) {
      double demand = demand_of(gpu, p, ready[i]), asked = head_of(gpu, p, ready[i])->demand_milli;
      used[i] = demanded > whole ? demand * whole / demanded : demand;
      rate[i] = used[i] / (asked < whole ? asked : whole);
      if (p->left_ns[ready[i]] / rate[i] < step) step = p->left_ns[ready[i]] / rate[i];
    }
    if (gpu->model == FAKE_GPU_ROUND_ROBIN && p->slice_left_ns < step) step = p->slice_left_ns;
    bool is_last = p->now_ns + step > until_ns;
    if (is_last) step = until_ns > p->now_ns ? until_ns - p->now_ns : 0;
    p->now_ns = is_last ? until_ns : p->now_ns + step;
    p->slice_left_ns -= step;
    for (uint32_t i = 0; i < count; i++) {
      if (is_real) gpu->clients[owner(gpu, ready[i])].used_ns += step * used[i] / whole;
      p->left_ns[ready[i]] -= step * rate[i];
      if (p->left_ns[ready[i]] <= nothing_left_ns) pop(gpu, p, ready[i]);
    }
    if (is_last) {
      settle(gpu, p, is_real);
      return p->now_ns;
    }
  }
}
