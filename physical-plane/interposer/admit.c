/* Whether a launch may go now: the reflexes, which no timer of another process stands behind. What is held back looks again
 * every 50 us (200 where its window is not near) and goes, whatever is ordered, once its manager is silent or block_max_us are over. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "interposer.h"

enum { NAP_US = 50, LONG_NAP_US = 200, BLOCK_MOST_US = 5000000 };
#define FIRST_ORDERS_NS (20 * MS)

/* Exact: the thread's slack would double it. A system call of its own: the C library's sleep is a point of cancellation. */
void cloudless_nap(unsigned us) {
  int error = errno, slack = prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0);
  struct timespec nap = {0, (long)us * 1000};
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  syscall(SYS_nanosleep, &nap, NULL);
  prctl(PR_SET_TIMERSLACK, slack > 0 ? slack : 0, 0, 0, 0);
  errno = error;
}

/* A confined process that has just come is held until its manager has seen it, or it would have filled the device by then. */
int cloudless_first_orders(struct gpu *gpu, struct orders *orders, uint64_t *now) {
  if (LOAD(gpu->slot->role) != CLOUDLESS_CONFINED) return 0;
  uint64_t until = LOAD(gpu->slot->claimed_at_ns) + FIRST_ORDERS_NS;
  for (; *now < until && cloudless_is_managed(gpu, *now); *now = cloudless_now_ns()) {
    if (cloudless_orders(gpu, orders)) return 1;
    cloudless_nap(NAP_US);
  }
  return cloudless_orders(gpu, orders);
}

/* A peer that waits for its work is busy until it has it. Of one that does not, the work is believed to take as long as what was
 * launched is known to take, and as much more as its manager has patience: its host may be late between two launches. */
static int is_quiet(const struct gpu *gpu, unsigned number, const struct orders *orders, uint64_t now, uint64_t *since) {
  if (number > CLOUDLESS_SLOTS) return 1;
  const char *file = (const char *)gpu->header;
  const struct cloudless_slot *peer = (const struct cloudless_slot *)(file + CLOUDLESS_SLOTS_AT) + (number - 1);
  const cloudless_claim *claims = (const cloudless_claim *)(file + CLOUDLESS_CLAIMS_AT);
  if (!LOAD(claims[number - 1]) || peer == gpu->slot || LOAD(peer->only_communicates)) return 1;
  uint64_t quiet_at = LOAD(peer->idle_since_ns);
  if (LOAD(peer->busy)) {
    uint64_t queue_us = LOAD(peer->queue_us);
    if (queue_us == CLOUDLESS_QUEUE_WAITED_FOR) return 0;
    quiet_at = LOAD(peer->last_launch_ns) + queue_us * UINT64_C(1050) + orders->patience_us * UINT64_C(1000);
  }
  /* A time far ahead is nonsense that somebody wrote: nobody waits for it. */
  if (*since < quiet_at && quiet_at <= now) *since = quiet_at;
  return now >= quiet_at + orders->barrier_us * UINT64_C(1000) || quiet_at > now + 10 * SECOND;
}

/* Held by others and by orders, or by nothing but its own work in flight: that is no wait for anybody. */
enum verdict { GO, HELD, FULL };

/* Of the window that is open; 0: none is. */
static uint64_t window_end(const struct orders *orders, uint64_t now) {
  for (int at = 0; at < CLOUDLESS_WINDOWS; at++)
    if (now >= orders->window_from_ns[at] && now < orders->window_until_ns[at]) return orders->window_until_ns[at];
  return 0;
}

static enum verdict may_go(struct gpu *gpu, const struct orders *orders, uint64_t least_ns, uint64_t now) {
  if (orders->mode == CLOUDLESS_STOP) return HELD;
  if (orders->mode == CLOUDLESS_TOKENS && LOAD(gpu->slot->spent_ns) >= orders->granted_ns) return HELD;
  uint64_t drained_at = LOAD(gpu->drained_at_ns), since = 0;
  uint64_t ends_at = (drained_at > now ? drained_at : now) + least_ns;
  if (orders->mode == CLOUDLESS_WINDOW) {
    int is_long = least_ns >= orders->token_us * UINT64_C(1000) && drained_at <= now;
    uint64_t until = window_end(orders, now);
    if (LOAD(gpu->slot->spent_ns) >= orders->granted_ns || !until || (ends_at > until && !is_long)) return HELD;
  }
  if (orders->open_until_ns && ends_at > orders->open_until_ns) return HELD;
  for (int at = 0; at < CLOUDLESS_YIELDS; at++)
    if (orders->yields_to[at] && !is_quiet(gpu, orders->yields_to[at], orders, now, &since)) return HELD;
  if (orders->bubble_us && since && ends_at > since + orders->bubble_us * UINT64_C(1000)) return HELD;
  uint32_t most = orders->segments_max < SEGMENTS ? orders->segments_max : SEGMENTS;
  return most == 0 || LOAD(gpu->slot->segments_open) < most || cloudless_open_segments(gpu) < most ? GO : FULL;
}

/* Whoever knows when its window opens need not look all the while. */
static unsigned nap_us(const struct orders *orders, enum verdict verdict, uint64_t now) {
  if (orders->mode != CLOUDLESS_WINDOW || verdict == FULL) return NAP_US;
  uint64_t nap_ns = LONG_NAP_US * UINT64_C(1000);
  for (int at = 0; at < CLOUDLESS_WINDOWS; at++)
    if (orders->window_from_ns[at] > now && orders->window_from_ns[at] - now < nap_ns)
      nap_ns = orders->window_from_ns[at] - now;
  return (unsigned)(nap_ns / 1000) + 1;
}

static void hold_back(struct gpu *gpu, struct orders *orders, uint64_t least_ns, uint64_t *now, enum verdict verdict) {
  uint64_t since = *now;
  int was_held = 0;
  ADD(gpu->slot->is_waiting, 1);
  struct cloudless_slot *slot = gpu->slot;
  while (verdict != GO) {
    uint64_t most_us = orders->block_max_us < BLOCK_MOST_US ? orders->block_max_us : BLOCK_MOST_US, from = *now;
    if (from - since >= most_us * 1000) break;
    cloudless_nap(nap_us(orders, verdict, from));
    *now = cloudless_now_ns();
    /* Told as it passes: of a wait that lasts, its manager is to know. */
    if (verdict == HELD) was_held = 1, ADD(slot->waited_ns, *now - from);
    if (!cloudless_is_managed(gpu, *now) || !cloudless_orders(gpu, orders)) break;
    verdict = may_go(gpu, orders, least_ns, *now);
  }
  SUBTRACT(slot->is_waiting, 1);
  if (was_held) ADD(slot->waits, 1);
}

void cloudless_admit(struct gpu *gpu, struct orders *orders, uint64_t least_ns, uint64_t *now) {
  if (orders->block_max_us == 0) return;
  enum verdict verdict = may_go(gpu, orders, least_ns, *now);
  if (verdict != GO) hold_back(gpu, orders, least_ns, now, verdict);
}
