/* What the interposers on one GPU and its manager tell each other: a file that the processes map and the manager reads and writes.
 * Little-endian. Everything is in lines of 64 bytes with one writer each, so nothing is locked; counters only grow, so that a
 * late or lost reading does no harm. physical-plane/gpu-sharing/layout.ts is the same in TypeScript, and a test compares them. */
#ifndef CLOUDLESS_SHARED_H
#define CLOUDLESS_SHARED_H
#include <stdint.h>

#define CLOUDLESS_MAGIC UINT64_C(0x31555047444c4c43) /* "CLLDGPU1" */

enum {
  CLOUDLESS_VERSION = 2,
  CLOUDLESS_SLOTS = 256,
  CLOUDLESS_CLAIMS_AT = 4096,
  CLOUDLESS_SLOTS_AT = 8192,
  CLOUDLESS_SLOT_BYTES = 320,
  CLOUDLESS_FILE_BYTES = CLOUDLESS_SLOTS_AT + CLOUDLESS_SLOTS * CLOUDLESS_SLOT_BYTES,
  CLOUDLESS_YIELDS = 8,
  CLOUDLESS_CYCLES = 4,
  CLOUDLESS_WINDOWS = 3,
};
#define CLOUDLESS_QUEUE_WAITED_FOR UINT32_MAX

/* Times are CLOCK_MONOTONIC in nanoseconds. */
struct cloudless_header {
  /* Line 0, by the manager when it makes the file. */
  uint64_t magic;
  uint32_t version;
  uint32_t slots;
  uint32_t slot_bytes;
  uint32_t file_bytes;
  uint64_t made_at_ns;
  uint8_t pad0[32];
  /* Line 1, the same: the device's id, ended by 0. */
  char device_id[64];
  /* Line 2, by the manager at every tick. */
  uint64_t heartbeat_ns;
  uint64_t ticks;
  uint32_t period_us;
  /* Without a heartbeat for so long interposers let everything pass. */
  uint32_t fail_open_ms;
  uint8_t pad2[40];
};

/* At CLOUDLESS_CLAIMS_AT, by slot: 0, or the owner's pid in the low half and the low half of its start time in clock ticks (field 22 of
 * /proc/PID/stat) in the high half. Taken by compare-and-swap from 0; given back by its owner, or by the manager once that is dead. */
typedef uint64_t cloudless_claim;

enum cloudless_role {
  /* Never held back for others but by its own tokens; others yield to it. */
  CLOUDLESS_PROTECTED = 1,
  /* Held back while those that it yields to are busy, and by tokens. */
  CLOUDLESS_CONFINED = 2,
};

enum cloudless_mode {
  CLOUDLESS_PASS = 0,
  /* A launch is let through while granted_ns > spent_ns: a large one may overshoot, and its debt is carried. */
  CLOUDLESS_TOKENS = 1,
  /* Nothing is let through, but never for longer than block_max_us. */
  CLOUDLESS_STOP = 2,
  /* As with tokens, and only in the windows that are told, which may lie ahead: what is launched in one ends by its end. What
   * takes longer than a whole token, of token_us, begins alone and in one. */
  CLOUDLESS_WINDOW = 3,
};

struct cloudless_slot {
  /* Line A, by the interposer, at launches and synchronisations. */
  uint32_t role;
  /* 1 from the first launch until a synchronisation has returned with nothing launched since. */
  uint32_t busy;
  uint64_t launches;
  /* Charged for all that was launched: GPU time as far as it is known, in ns. */
  uint64_t spent_ns;
  uint64_t last_launch_ns;
  uint64_t busy_since_ns;
  /* Since when nothing of it is on the device, as far as is known; 0 while something may be. */
  uint64_t idle_since_ns;
  uint32_t segments_open;
  /* Launches held back at this moment, one a thread at most. */
  uint32_t is_waiting;
  /* Not 0 while only communication kernels of it are on the device: then so many us after busy_since_ns, and 1 more, that began. */
  uint32_t only_communicates;
  /* As foreseen at the last launch: so long after last_launch_ns the device is done with all of it but communication.
   * CLOUDLESS_QUEUE_WAITED_FOR while the process is inside a synchronisation: until that returns. */
  uint32_t queue_us;

  /* Line B, by the interposer, less often. */
  uint64_t gpu_ns; /* as measured by events around one launch in 64, extrapolated to all */
  uint64_t memory_bytes;
  uint64_t waited_ns; /* held back by others and by orders; waiting for its own work in flight is none */
  uint32_t waits;
  uint32_t graph_launches;
  uint32_t synchronisations;
  /* Busy times that have ended, and how long the newest of them were: the n-th is at (n - 1) % CLOUDLESS_CYCLES. */
  uint32_t cycles;
  uint32_t cycle_us[CLOUDLESS_CYCLES];
  uint64_t host_gap_ns; /* the newest time from a synchronisation to the next launch */

  /* Line C, by the manager. A new owner obeys nothing here until the sequence number changes. */
  /* Odd while the line is being written: whoever reads an odd or changed number reads again, or keeps what it had. */
  uint32_t sequence;
  uint32_t mode;
  uint64_t granted_ns;
  uint64_t memory_limit_bytes; /* 0: none */
  /* Open segments at most, each closed by an event after about so long; 0: as many as it likes. With segments_max 0 and a
   * segment_us a process looks after its streams while it waits for one, so that only_communicates is told in time. */
  uint32_t segments_max;
  uint32_t segment_us;
  /* A confined process waits until all that it yields to have been idle for so long. */
  uint32_t barrier_us;
  /* No launch is held back for longer, whatever is said here; 0: none is held back. */
  uint32_t block_max_us;
  /* Filling a bubble: nothing is launched that would end after this; 0: no such limit. */
  uint64_t open_until_ns;
  /* Slots + 1; 0 for none. */
  uint8_t yields_to[CLOUDLESS_YIELDS];
  /* A busy peer that does not wait for its work counts as idle so long after that must be done: long for one that always
   * synchronises in the end and may be late between two launches, short for one that launches ahead. */
  uint32_t patience_us;
  /* The same for a bubble that has not begun: nothing is launched that would end later than so long after the last of those that it
   * yields to became idle; 0: no such limit. No tick is needed to say so. */
  uint32_t bubble_us;

  /* Line D, by the manager, under the sequence number of line C: in CLOUDLESS_WINDOW, from when until when launches are let through.
   * The next ones are told ahead, so that tokens pass from one process to another without a tick. Until 0: none. */
  uint64_t window_from_ns[CLOUDLESS_WINDOWS];
  uint64_t window_until_ns[CLOUDLESS_WINDOWS];
  uint32_t token_us; /* a whole token: what takes longer fits into none */
  uint8_t pad4[12];

  /* Line E, by the interposer when it takes the slot. */
  uint64_t tag; /* of the instance's run, as its agent gave it */
  uint64_t claimed_at_ns;
  uint32_t pid;
  uint32_t device_ordinal;
  uint32_t driver_version;
  uint32_t interposer_version;
  char name[32]; /* of the program, ended by 0 */
};

_Static_assert(sizeof(struct cloudless_header) == 192, "three lines");
_Static_assert(sizeof(struct cloudless_slot) == CLOUDLESS_SLOT_BYTES, "five lines");

#endif
