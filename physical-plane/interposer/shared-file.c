/* The shared file of each GPU that this process was given, its slot there, and what the manager orders in it. A file that
 * is not as it should be is refused in one line on standard error, and everything passes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "interposer.h"

int cloudless_gpus;
static struct gpu gpus[GPUS];
static char paths[8192];
static uint64_t tag;
static uint32_t role;
uint64_t cloudless_memory_until_told;
static uint32_t started;
static int is_ending;
/* Between two attempts to get a slot back from a manager that takes it. */
#define AGAIN_NS (100 * MS)
static pthread_mutex_t attaching = PTHREAD_MUTEX_INITIALIZER;

/* By the vdso: no system call. */
uint64_t cloudless_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static void say(const struct gpu *gpu, const char *what) {
  char line[512];
  int length = snprintf(line, sizeof line, "cloudless: pid %d, GPU %u, %s: %s; this process is not held back\n", (int)getpid(),
                        gpu->ordinal, gpu->path, what);
  if (length > (int)sizeof line) length = sizeof line;
  if (write(STDERR_FILENO, line, (size_t)length) < 0) return;
}

static void leave(void) {
  is_ending = 1;
  for (int at = 0; at < cloudless_gpus; at++) {
    struct gpu *gpu = &gpus[at];
    if (gpu->header && gpu->claimed) CHANGE(*gpu->claim, gpu->claimed, 0);
  }
}

/* The parent's slot, events and locks are not the child's. */
static void after_fork(void) {
  pthread_mutex_init(&attaching, NULL);
  cloudless_drop_captures();
  cloudless_drop_memory();
  for (int at = 0; at < cloudless_gpus; at++) {
    struct gpu *gpu = &gpus[at];
    gpu->claimed = 0;
    gpu->sequence_before = 0;
    gpu->looked_at_ns = 0;
    memset(&gpu->nowhere, 0, sizeof gpu->nowhere);
    gpu->slot = &gpu->nowhere;
    gpu->drained_at_ns = 0;
    cloudless_forget_handles(gpu);
  }
}

/* From the environment, once: at the first dlsym of any library, which comes before constructors, ours among them. */
void cloudless_start(void) {
  if (LOAD(started) || !CHANGE(started, 0, 1)) return;
  const char *files = getenv("CLOUDLESS_GPU_FILES");
  if (!files || !*files) return;
  if (strlen(files) >= sizeof paths) {
    fprintf(stderr, "cloudless: CLOUDLESS_GPU_FILES is longer than %zu bytes; this process is not held back\n", sizeof paths - 1);
    return;
  }
  strcpy(paths, files);
  const char *tag_text = getenv("CLOUDLESS_GPU_TAG"), *role_text = getenv("CLOUDLESS_GPU_ROLE");
  tag = tag_text ? strtoull(tag_text, NULL, 10) : 0;
  role = role_text && strcmp(role_text, "protected") == 0 ? CLOUDLESS_PROTECTED : CLOUDLESS_CONFINED;
  const char *memory_text = getenv("CLOUDLESS_GPU_MEMORY_BYTES");
  cloudless_memory_until_told = memory_text ? strtoull(memory_text, NULL, 10) : 0;
  int count = 0;
  for (char *path = paths, *end; path && count < GPUS; path = end, count++) {
    end = strchr(path, ':');
    if (end) *end++ = 0;
    gpus[count].path = path;
    gpus[count].ordinal = (unsigned)count;
    gpus[count].slot = &gpus[count].nowhere;
  }
  cloudless_gpus = count;
}

__attribute__((constructor)) static void start(void) {
  cloudless_start();
  if (!cloudless_gpus) return;
  pthread_atfork(NULL, NULL, after_fork);
  atexit(leave);
}

/* NULL, or what is wrong, with the field and its value in `text`. */
static const char *fault(const struct cloudless_header *header, const struct stat *is, char *text, size_t bytes) {
  const char *field = NULL;
  uint64_t value = 0, wanted = 0;
#define EXPECT(name, its, should) \
  if (!field && (uint64_t)(its) != (uint64_t)(should)) field = name, value = (uint64_t)(its), wanted = (uint64_t)(should)
  EXPECT("owner", is->st_uid, geteuid());
  EXPECT("write permission of others", is->st_mode & 022, 0);
  EXPECT("size", is->st_size < CLOUDLESS_FILE_BYTES ? is->st_size : CLOUDLESS_FILE_BYTES, CLOUDLESS_FILE_BYTES);
  if (header) {
    EXPECT("magic", header->magic, CLOUDLESS_MAGIC);
    EXPECT("version", header->version, CLOUDLESS_VERSION);
    EXPECT("slots", header->slots, CLOUDLESS_SLOTS);
    EXPECT("slot_bytes", header->slot_bytes, CLOUDLESS_SLOT_BYTES);
    EXPECT("file_bytes", header->file_bytes, CLOUDLESS_FILE_BYTES);
  }
#undef EXPECT
  if (!field) return NULL;
  snprintf(text, bytes, "refused, its %s is %llu, not %llu", field, (unsigned long long)value, (unsigned long long)wanted);
  return text;
}

static const char *map(struct gpu *gpu, char *text, size_t bytes) {
  struct stat is;
  int file = open(gpu->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (file < 0 || fstat(file, &is) != 0) {
    snprintf(text, bytes, "can not be opened: %s", strerror(errno));
    if (file >= 0) close(file);
    return text;
  }
  gpu->inode = is.st_ino;
  const char *wrong = S_ISREG(is.st_mode) ? fault(NULL, &is, text, bytes) : "refused, it is no plain file";
  void *at = wrong ? MAP_FAILED : mmap(NULL, CLOUDLESS_FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (wrong) return wrong;
  if (at == MAP_FAILED) return "can not be mapped";
  if ((wrong = fault(at, &is, text, bytes))) {
    munmap(at, CLOUDLESS_FILE_BYTES);
    return wrong;
  }
  /* A file that this one replaces stays mapped: other threads may be looking at it. */
  gpu->claimed = 0;
  __atomic_store_n(&gpu->header, (struct cloudless_header *)at, __ATOMIC_RELEASE);
  return NULL;
}

/* Field 22 of /proc/self/stat, counted from behind the program's name, which may hold anything. */
static uint64_t start_ticks(void) {
  char text[1024];
  int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? 0 : read(file, text, sizeof text - 1);
  if (file >= 0) close(file);
  if (length <= 0) return 0;
  text[length] = 0;
  char *at = strrchr(text, ')');
  for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
  return at ? strtoull(at + 1, NULL, 10) : 0;
}

static void claim(struct gpu *gpu, int driver_version) {
  uint64_t mine = (start_ticks() << 32) | (uint32_t)getpid();
  cloudless_claim *claims = (cloudless_claim *)((char *)gpu->header + CLOUDLESS_CLAIMS_AT);
  int at = 0;
  while (at < CLOUDLESS_SLOTS && (claims[at] != 0 || !CHANGE(claims[at], 0, mine))) at++;
  /* Nobody looks for a slot again at every launch: what is full stays so for this process. */
  if (at == CLOUDLESS_SLOTS) {
    gpu->is_refused = 1;
    say(gpu, "all 256 slots are taken");
    return;
  }
  struct cloudless_slot *slot =
      (struct cloudless_slot *)((char *)gpu->header + CLOUDLESS_SLOTS_AT + (size_t)at * CLOUDLESS_SLOT_BYTES);
  gpu->sequence_before = LOAD(slot->sequence);
  memset(slot, 0, offsetof(struct cloudless_slot, sequence));
  slot->role = role;
  slot->idle_since_ns = slot->claimed_at_ns = cloudless_now_ns();
  slot->memory_bytes = LOAD(gpu->nowhere.memory_bytes);
  slot->pid = (uint32_t)getpid();
  slot->device_ordinal = gpu->ordinal;
  slot->driver_version = (uint32_t)driver_version;
  slot->interposer_version = INTERPOSER_VERSION;
  memset(slot->name, 0, sizeof slot->name);
  strncpy(slot->name, program_invocation_short_name, sizeof slot->name - 1);
  /* The tag last: a manager that reads it reads a whole line. */
  __atomic_store_n(&slot->tag, tag, __ATOMIC_RELEASE);
  gpu->claim = &claims[at];
  STORE(gpu->slot, slot);
  __atomic_store_n(&gpu->claimed, mine, __ATOMIC_RELEASE);
}

static int has_slot(struct gpu *gpu) {
  uint64_t claimed = __atomic_load_n(&gpu->claimed, __ATOMIC_ACQUIRE);
  return claimed && LOAD(*gpu->claim) == claimed;
}

static void attach(struct gpu *gpu, uint64_t now) {
  int version = 0;
  char text[256];
  cloudless_find_driver();
  if (cloudless_driver.cuDriverGetVersion) cloudless_driver.cuDriverGetVersion(&version);
  int error = errno;
  pthread_mutex_lock(&attaching);
  if (!is_ending && !gpu->is_refused && !has_slot(gpu) && now - gpu->looked_at_ns > AGAIN_NS) {
    /* Whoever lost its slot keeps what it had counted of memory. */
    STORE(gpu->nowhere.memory_bytes, LOAD(gpu->slot->memory_bytes));
    gpu->claimed = 0;
    STORE(gpu->slot, &gpu->nowhere);
    gpu->looked_at_ns = now;
    const char *wrong = gpu->header ? NULL : map(gpu, text, sizeof text);
    if (wrong) {
      gpu->is_refused = 1;
      say(gpu, wrong);
    } else {
      claim(gpu, version);
    }
  }
  pthread_mutex_unlock(&attaching);
  errno = error;
}

struct gpu *cloudless_known_gpu(int ordinal) { return &gpus[ordinal]; }

struct gpu *cloudless_gpu(int ordinal) {
  if (ordinal < 0 || ordinal >= cloudless_gpus) return NULL;
  struct gpu *gpu = &gpus[ordinal];
  /* A slot may be taken from us: by a manager that sees other process numbers, or because we were stopped for long. */
  if (!has_slot(gpu) && !gpu->is_refused && !is_ending) attach(gpu, cloudless_now_ns());
  return gpu;
}

struct gpu *cloudless_gpu_here(void) {
  int ordinal = 0;
  if (cloudless_gpus > 1) {
    if (!cloudless_driver.cuCtxGetDevice) cloudless_find_driver();
    if (!cloudless_driver.cuCtxGetDevice || cloudless_driver.cuCtxGetDevice(&ordinal) != 0) return NULL;
  }
  return cloudless_gpu(ordinal);
}

/* A manager that was started anew may have made a new file: looked for once a second, while the old one is silent. */
static void look_again(struct gpu *gpu, uint64_t now) {
  struct stat is;
  char text[256];
  int error = errno;
  pthread_mutex_lock(&attaching);
  if (now - gpu->looked_at_ns > SECOND) {
    gpu->looked_at_ns = now;
    if (lstat(gpu->path, &is) == 0 && is.st_ino != gpu->inode && map(gpu, text, sizeof text) == NULL)
      STORE(gpu->nowhere.memory_bytes, LOAD(gpu->slot->memory_bytes)), claim(gpu, (int)gpu->slot->driver_version);
  }
  pthread_mutex_unlock(&attaching);
  errno = error;
}

int cloudless_is_managed(struct gpu *gpu, uint64_t now) {
  const struct cloudless_header *header = gpu->header;
  if (gpu->slot == &gpu->nowhere) return 0;
  uint64_t beat = LOAD(header->heartbeat_ns), open_ms = LOAD(header->fail_open_ms);
  if (open_ms == 0) open_ms = 200;
  if (open_ms > 10000) open_ms = 10000;
  uint64_t silent = now > beat ? now - beat : beat - now;
  if (silent <= open_ms * MS) return 1;
  if (now - gpu->looked_at_ns > SECOND) look_again(gpu, now);
  return 0;
}

int cloudless_orders(struct gpu *gpu, struct orders *orders) {
  const struct cloudless_slot *slot = gpu->slot;
  uint32_t before, after;
  int tries = 0;
  do {
    before = __atomic_load_n(&slot->sequence, __ATOMIC_ACQUIRE);
    if (before == gpu->sequence_before) return 0;
    orders->mode = LOAD(slot->mode);
    orders->granted_ns = LOAD(slot->granted_ns);
    orders->memory_limit_bytes = LOAD(slot->memory_limit_bytes);
    orders->segments_max = LOAD(slot->segments_max);
    orders->segment_us = LOAD(slot->segment_us);
    orders->barrier_us = LOAD(slot->barrier_us);
    orders->block_max_us = LOAD(slot->block_max_us);
    orders->patience_us = LOAD(slot->patience_us);
    orders->bubble_us = LOAD(slot->bubble_us);
    orders->open_until_ns = LOAD(slot->open_until_ns);
    memcpy(orders->yields_to, slot->yields_to, sizeof orders->yields_to);
    if (orders->mode == CLOUDLESS_WINDOW) {
      orders->token_us = LOAD(slot->token_us);
      memcpy(orders->window_from_ns, slot->window_from_ns, sizeof orders->window_from_ns);
      memcpy(orders->window_until_ns, slot->window_until_ns, sizeof orders->window_until_ns);
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    after = LOAD(slot->sequence);
    /* A writer that died in the middle is not waited for: its heartbeat ends soon, and every field alone is whole. */
  } while ((before != after || (before & 1)) && ++tries < 100);
  return 1;
}

void cloudless_forget_handles(struct gpu *gpu) {
  memset(gpu->streams, 0, sizeof gpu->streams);
  memset(gpu->segments, 0, sizeof gpu->segments);
  memset(gpu->samples, 0, sizeof gpu->samples);
  gpu->has_lost_streams = 0;
  STORE(gpu->slot->segments_open, 0);
}
