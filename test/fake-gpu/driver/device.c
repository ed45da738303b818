/* The device as processes share it: mapped, locked, waited for. A process may die at any instant: the lock is robust, and what is
 * derived is built anew. What a dead process had queued runs to its end; then its streams, events and memory are taken back. */
#define _GNU_SOURCE
#include "device.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static double clock_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void sleep_until(double ns) {
  static _Thread_local bool is_sharp;
  if (!is_sharp) is_sharp = prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL) == 0;
  struct timespec t = {.tv_sec = (time_t)(ns / 1e9)};
  t.tv_nsec = (long)(ns - (double)t.tv_sec * 1e9);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {}
}

double device_now(struct fake_gpu *gpu) { return gpu->is_virtual ? gpu->progress.now_ns : clock_ns(); }

/* When a process started, so that a pid that is used again is not taken for its owner. */
static uint64_t start_of(uint32_t pid) {
  char path[32], text[1024];
  snprintf(path, sizeof path, "/proc/%u/stat", pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  text[length > 0 ? length : 0] = 0;
  char *field = strrchr(text, ')');
  unsigned long long started = 0;
  for (int number = 2; field && number < 22; number++) field = strchr(field + 1, ' ');
  return field && sscanf(field, "%llu", &started) == 1 ? started : 0;
}

struct fake_gpu *device_open(const char *path) {
  int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return NULL;
  flock(file, LOCK_EX);
  struct fake_gpu *gpu = MAP_FAILED;
  if (lseek(file, 0, SEEK_END) == (off_t)sizeof *gpu) gpu = mmap(NULL, sizeof *gpu, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (gpu != MAP_FAILED && (gpu->magic != FAKE_GPU_MAGIC || gpu->version != FAKE_GPU_VERSION)) {
    munmap(gpu, sizeof *gpu);
    gpu = MAP_FAILED;
  }
  if (gpu == MAP_FAILED) {
    fprintf(stderr, "fake GPU: %s is no device of this version of the fake driver\n", path);
    close(file);
    return NULL;
  }
  if (!gpu->is_ready) {
    pthread_mutexattr_t shared;
    pthread_mutexattr_init(&shared);
    pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&shared, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&gpu->lock, &shared);
    gpu->progress.now_ns = gpu->is_virtual ? 0 : clock_ns();
    gpu->is_ready = 1;
  }
  flock(file, LOCK_UN); /* the mapping keeps the file open, and with it the lock */
  close(file);
  return gpu;
}

/* Its owner died between two of its writes: at worst one kernel is a step shorter or longer. */
static void repair(struct fake_gpu *gpu) {
  struct progress *p = &gpu->progress;
  for (uint32_t s = 0; s < FAKE_GPU_STREAMS; s++) {
    bool has_work = p->head[s] < gpu->streams[s].tail;
    if (has_work) p->active[s / 64] |= UINT64_C(1) << (s % 64);
    else p->active[s / 64] &= ~(UINT64_C(1) << (s % 64));
    double work = gpu->commands[s][p->head[s] % FAKE_GPU_COMMANDS].work_ns;
    if (has_work && !(p->left_ns[s] >= 0 && p->left_ns[s] <= work)) p->left_ns[s] = work;
  }
  pthread_mutex_consistent(&gpu->lock);
}

void device_lock(struct fake_gpu *gpu) {
  if (pthread_mutex_lock(&gpu->lock) == EOWNERDEAD) repair(gpu);
  double now = device_now(gpu);
  if (now > gpu->progress.now_ns) model_advance(gpu, &gpu->progress, true, now, -1, 0);
}

void device_unlock(struct fake_gpu *gpu) { pthread_mutex_unlock(&gpu->lock); }

static bool has_drained(const struct fake_gpu *gpu, uint32_t stream) {
  return gpu->progress.head[stream] >= gpu->streams[stream].tail;
}

static void forget(struct fake_gpu *gpu, uint32_t client) {
  for (uint32_t s = 0; s < FAKE_GPU_STREAMS; s++)
    if (gpu->streams[s].client == client + 1) gpu->streams[s].client = 0;
  for (uint32_t e = 0; e < FAKE_GPU_EVENTS; e++)
    if (gpu->events[e].client == client + 1) gpu->events[e].client = 0;
  memset(&gpu->clients[client], 0, sizeof gpu->clients[client]);
}

static void reap_dead(struct fake_gpu *gpu) {
  for (uint32_t c = 0; c < FAKE_GPU_CLIENTS; c++) {
    const struct client *client = &gpu->clients[c];
    if (!client->pid || (!(kill((pid_t)client->pid, 0) != 0 && errno == ESRCH) && start_of(client->pid) == client->started)) continue;
    bool drained = true;
    for (uint32_t s = 0; s < FAKE_GPU_STREAMS; s++)
      if (gpu->streams[s].client == c + 1 && !has_drained(gpu, s)) drained = false;
    if (drained) forget(gpu, c);
  }
}

int device_add_client(struct fake_gpu *gpu, uint32_t cap_milli) {
  device_lock(gpu);
  reap_dead(gpu);
  int found = -1;
  for (int c = 0; c < FAKE_GPU_CLIENTS && found < 0; c++)
    if (!gpu->clients[c].pid) found = c;
  uint32_t pid = (uint32_t)getpid();
  if (found >= 0) gpu->clients[found] = (struct client){.pid = pid, .cap_milli = cap_milli, .started = start_of(pid)};
  device_unlock(gpu);
  return found;
}

void device_drop_client(struct fake_gpu *gpu, uint32_t client) {
  for (uint32_t s = 0; s < FAKE_GPU_STREAMS; s++)
    if (gpu->streams[s].client == client + 1) device_drop_stream(gpu, s);
  device_lock(gpu);
  forget(gpu, client);
  device_unlock(gpu);
}

int device_add_stream(struct fake_gpu *gpu, uint32_t client) {
  device_lock(gpu);
  int found = -1;
  for (int s = 0; s < FAKE_GPU_STREAMS && found < 0; s++)
    if (!gpu->streams[s].client) found = s;
  if (found >= 0) gpu->streams[found].client = client + 1;
  device_unlock(gpu);
  return found;
}

void device_drop_stream(struct fake_gpu *gpu, uint32_t stream) {
  uint64_t tail = device_tail(gpu, stream);
  if (tail > 0) device_wait(gpu, stream, tail - 1);
  device_lock(gpu);
  gpu->streams[stream].client = 0;
  device_unlock(gpu);
}

int device_add_event(struct fake_gpu *gpu, uint32_t client) {
  static _Thread_local uint32_t from;
  device_lock(gpu);
  int found = -1;
  for (uint32_t i = 0; i < FAKE_GPU_EVENTS && found < 0; i++) {
    uint32_t e = (from + i) % FAKE_GPU_EVENTS;
    if (!gpu->events[e].client) found = (int)e;
  }
  if (found >= 0) gpu->events[found] = (struct event){.client = client + 1}, from = (uint32_t)found + 1;
  device_unlock(gpu);
  return found;
}

static uint64_t used_memory(const struct fake_gpu *gpu) {
  uint64_t used = 0;
  for (uint32_t c = 0; c < FAKE_GPU_CLIENTS; c++) used += gpu->clients[c].memory_bytes;
  return used;
}

bool device_take_memory(struct fake_gpu *gpu, uint32_t client, uint64_t bytes) {
  device_lock(gpu);
  bool fits = bytes <= gpu->memory_bytes && used_memory(gpu) <= gpu->memory_bytes - bytes;
  if (!fits) {
    reap_dead(gpu);
    fits = bytes <= gpu->memory_bytes && used_memory(gpu) <= gpu->memory_bytes - bytes;
  }
  if (fits) gpu->clients[client].memory_bytes += bytes;
  device_unlock(gpu);
  return fits;
}

void device_return_memory(struct fake_gpu *gpu, uint32_t client, uint64_t bytes) {
  device_lock(gpu);
  gpu->clients[client].memory_bytes -= bytes;
  device_unlock(gpu);
}

uint64_t device_free_memory(struct fake_gpu *gpu) {
  device_lock(gpu);
  reap_dead(gpu);
  uint64_t used = used_memory(gpu);
  device_unlock(gpu);
  return gpu->memory_bytes - used;
}

void device_submit(struct fake_gpu *gpu, uint32_t stream, struct command command) {
  device_lock(gpu);
  while (gpu->streams[stream].tail - gpu->progress.head[stream] >= FAKE_GPU_COMMANDS) {
    uint64_t oldest = gpu->progress.head[stream];
    device_unlock(gpu);
    device_wait(gpu, stream, oldest);
    device_lock(gpu);
  }
  struct progress *p = &gpu->progress;
  uint64_t at = gpu->streams[stream].tail;
  command.order = gpu->order++;
  gpu->commands[stream][at % FAKE_GPU_COMMANDS] = command;
  if (command.kind == FAKE_GPU_EVENT) {
    gpu->events[command.event].stream = stream + 1;
    gpu->events[command.event].at = at;
  }
  if (p->head[stream] == at) p->left_ns[stream] = command.work_ns;
  gpu->streams[stream].tail = at + 1;
  p->active[stream / 64] |= UINT64_C(1) << (stream % 64);
  if (command.kind != FAKE_GPU_KERNEL) model_advance(gpu, p, true, p->now_ns, -1, 0);
  device_unlock(gpu);
}

bool device_is_past(struct fake_gpu *gpu, uint32_t stream, uint64_t at) {
  device_lock(gpu);
  bool is_past = gpu->progress.head[stream] > at;
  device_unlock(gpu);
  return is_past;
}

/* Plays a copy forward to learn when it will be done if nobody launches more, which could only make it later; sleeps; looks again. */
void device_wait(struct fake_gpu *gpu, uint32_t stream, uint64_t at) {
  static _Thread_local struct progress copy;
  for (;;) {
    device_lock(gpu);
    bool is_past = gpu->progress.head[stream] > at;
    double done = 0;
    if (!is_past) {
      copy = gpu->progress;
      done = model_advance(gpu, &copy, false, INFINITY, (int)stream, at);
      if (gpu->is_virtual && done < INFINITY) model_advance(gpu, &gpu->progress, true, done, -1, 0);
    }
    device_unlock(gpu);
    if (is_past) return;
    if (done == INFINITY) sleep_until(clock_ns() + 1e6);
    else if (!gpu->is_virtual) sleep_until(done);
  }
}

uint64_t device_tail(struct fake_gpu *gpu, uint32_t stream) {
  device_lock(gpu);
  uint64_t tail = gpu->streams[stream].tail;
  device_unlock(gpu);
  return tail;
}

void device_sleep(struct fake_gpu *gpu, double ns) {
  if (!gpu->is_virtual) {
    sleep_until(clock_ns() + ns);
    return;
  }
  device_lock(gpu);
  model_advance(gpu, &gpu->progress, true, gpu->progress.now_ns + ns, -1, 0);
  device_unlock(gpu);
}
