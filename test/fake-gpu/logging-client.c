/* TEST EQUIPMENT: a program that reaches the driver by the door that its first argument names and makes the calls that the others
 * name, in order. What a call answers other than success is printed as "CALL = RESULT", what it tells as "NAME VALUE".
 * Doors: elf; dlsym; next (dlsym of RTLD_NEXT); default (of RTLD_DEFAULT); old (cuGetProcAddress 11030), new (12000), thread (12000 with
 * flag 2, the per-thread default stream); none (no driver at all). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef uint64_t word;
typedef int any(word, word, word, word, word, word, word, word, word, word, word);
#define NAMES(X) \
  X(cuInit, cuInit, 2000) X(cuLaunchKernel, cuLaunchKernel, 7000) X(cuLaunchKernelEx, cuLaunchKernelEx, 11060) \
  X(cuLaunchCooperativeKernel, cuLaunchCooperativeKernel, 9000) X(cuLaunchGrid, cuLaunchGrid, 2000) \
  X(cuGraphLaunch, cuGraphLaunch, 10000) X(cuStreamSynchronize, cuStreamSynchronize, 7000) \
  X(cuStreamQuery, cuStreamQuery, 7000) X(cuEventSynchronize, cuEventSynchronize, 2000) X(cuEventQuery, cuEventQuery, 2000) \
  X(cuCtxSynchronize, cuCtxSynchronize, 2000) X(cuCtxSynchronize_v2, cuCtxSynchronize, 13000) \
  X(cuStreamBeginCapture, cuStreamBeginCapture, 10000) X(cuStreamBeginCapture_v2, cuStreamBeginCapture, 10010) \
  X(cuStreamBeginCaptureToGraph, cuStreamBeginCaptureToGraph, 12030) X(cuStreamEndCapture, cuStreamEndCapture, 10000) \
  X(cuGraphInstantiate, cuGraphInstantiate, 10000) X(cuGraphInstantiate_v2, cuGraphInstantiate, 11000) \
  X(cuGraphInstantiateWithFlags, cuGraphInstantiateWithFlags, 11040) \
  X(cuGraphInstantiateWithParams, cuGraphInstantiateWithParams, 12000) \
  X(cuGraphExecUpdate, cuGraphExecUpdate, 10020) X(cuGraphExecUpdate_v2, cuGraphExecUpdate, 12000) \
  X(cuGraphExecDestroy, cuGraphExecDestroy, 10000) X(cuStreamDestroy_v2, cuStreamDestroy, 4000) \
  X(cuCtxDestroy_v2, cuCtxDestroy, 4000) X(cuMemcpy, cuMemcpy, 7000) X(cuMemcpyDtoH_v2, cuMemcpyDtoH, 7000) \
  X(cuDevicePrimaryCtxReset_v2, cuDevicePrimaryCtxReset, 11000) X(cuModuleUnload, cuModuleUnload, 2000) \
  X(cuLibraryUnload, cuLibraryUnload, 12000) X(cuMemAlloc, cuMemAlloc, 2000) X(cuMemAlloc_v2, cuMemAlloc, 3020) \
  X(cuMemAllocPitch_v2, cuMemAllocPitch, 3020) X(cuMemAllocManaged, cuMemAllocManaged, 6000) \
  X(cuMemAllocAsync, cuMemAllocAsync, 11020) X(cuMemAllocFromPoolAsync, cuMemAllocFromPoolAsync, 11020) \
  X(cuMemCreate, cuMemCreate, 10020) X(cuMemRetainAllocationHandle, cuMemRetainAllocationHandle, 11000) \
  X(cuMemRelease, cuMemRelease, 10020) X(cuMemFree_v2, cuMemFree, 3020) X(cuMemFreeAsync, cuMemFreeAsync, 11020) \
  X(cuMemGetInfo_v2, cuMemGetInfo, 3020) X(cuDeviceTotalMem_v2, cuDeviceTotalMem, 3020)

#define DECLARE(name, base, version) any name;
NAMES(DECLARE)
typedef int old_door(const char *, void **, int, word);
typedef int new_door(const char *, void **, int, word, int *);
int cuGetProcAddress(const char *, void **, int, word);
int cuGetProcAddress_v2(const char *, void **, int, word, int *);

enum {
#define NUMBER(name, ...) N_##name,
  NAMES(NUMBER)
#undef NUMBER
      COUNT
};
static const char *const names[COUNT] = {
#define NAME(name, ...) #name,
    NAMES(NAME)
#undef NAME
};
static any *calls[COUNT];

static void *find(const char *door, const char *name, const char *base, int version) {
  void *found = NULL, *asker = NULL;
  int status;
  if (strcmp(door, "next") == 0) return dlsym(RTLD_NEXT, name);
  if (strcmp(door, "default") == 0) return dlsym(RTLD_DEFAULT, name);
  void *library = dlopen("libcuda.so.1", RTLD_NOW);
  if (strcmp(door, "dlsym") == 0) return dlsym(library, name);
  if (strcmp(door, "old") == 0) {
    asker = dlsym(library, "cuGetProcAddress");
    ((old_door *)asker)(base, &found, version, 0);
    return found;
  }
  /* As the runtime does: the first cuGetProcAddress by dlsym, and what it gives as itself from then on. */
  asker = dlsym(library, "cuGetProcAddress_v2");
  ((new_door *)asker)("cuGetProcAddress", &asker, 12000, 0, &status);
  ((new_door *)asker)(base, &found, version, strcmp(door, "thread") == 0 ? 2 : 0, &status);
  return found;
}

static void open_door(const char *door) {
  if (strcmp(door, "none") == 0) return;
#define FIND(name, base, version) calls[N_##name] = strcmp(door, "elf") == 0 ? &name : (any *)find(door, #name, #base, version);
  NAMES(FIND)
}

static word now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (word)now.tv_sec * 1000000000ull + (word)now.tv_nsec;
}

static int by_size(const void *a, const void *b) { return *(const double *)a < *(const double *)b ? -1 : 1; }

/* bench:LAUNCHES:ROUNDS prints the median over the rounds of the time of one launch. */
static void bench(word launches, word rounds) {
  double *times = calloc(rounds, sizeof *times);
  any *launch = calls[N_cuLaunchKernel];
  for (word round = 0; round < rounds; round++) {
    word from = now_ns();
    for (word at = 0; at < launches; at++) launch(0xabc0, 8, 1, 1, 256, 1, 1, 0, 0, 0, 0);
    times[round] = (double)(now_ns() - from) / (double)launches;
    calls[N_cuCtxSynchronize](0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  }
  qsort(times, rounds, sizeof *times, by_size);
  printf("launch_ns %.1f\n", times[rounds / 2]);
}

static word out[8];
static struct {
  unsigned x, y, z, block_x, block_y, block_z, shared;
  word stream;
} config;

/* "@" is a place for what the call gives, "%" the last thing given, "#X,Y,Z,STREAM" a launch configuration. */
static word argument(const char *text) {
  if (strcmp(text, "@") == 0) return (word)(uintptr_t)out;
  if (strcmp(text, "%") == 0) return out[0];
  if (text[0] == '#') {
    unsigned long long stream = 0;
    sscanf(text, "#%u,%u,%u,%llx", &config.x, &config.y, &config.z, &stream);
    config.stream = stream;
    return (word)(uintptr_t)&config;
  }
  return strtoull(text, NULL, 0);
}

static void *storm(void *nothing) {
  for (int at = 0; at < 20000; at++) {
    if (!dlsym(RTLD_DEFAULT, "malloc") || dlsym(RTLD_DEFAULT, "omp_get_num_threads_of_nobody")) abort();
    dlsym(RTLD_DEFAULT, "cuLaunchKernel");
    dlerror();
  }
  return nothing;
}

static void *launch_many(void *count) {
  for (word at = 0; at < (word)(uintptr_t)count; at++)
    if (calls[N_cuLaunchKernel](0xabc0 + at % 3, 8, 1, 1, 256, 1, 1, 0, 0, 0, 0)) abort();
  return NULL;
}

static void in_threads(void *(*what)(void *), void *given) {
  pthread_t threads[16];
  for (int at = 0; at < 16; at++) pthread_create(&threads[at], NULL, what, given);
  for (int at = 0; at < 16; at++) pthread_join(threads[at], NULL);
}

static int special(char *text, word *arguments) {
  if (strcmp(text, "sleep") == 0) usleep((useconds_t)(arguments[0] * 1000));
  else if (strcmp(text, "bench") == 0) bench(arguments[0], arguments[1]);
  else if (strcmp(text, "storm") == 0) in_threads(storm, NULL);
  else if (strcmp(text, "threads") == 0) in_threads(launch_many, (void *)(uintptr_t)arguments[0]);
  else if (strcmp(text, "many") == 0) launch_many((void *)(uintptr_t)arguments[0]);
  else if (strcmp(text, "told") == 0) printf("told %llu %llu\n", (unsigned long long)out[0], (unsigned long long)out[1]);
  else if (strcmp(text, "info") == 0) {
    calls[N_cuMemGetInfo_v2]((word)(uintptr_t)&out[0], (word)(uintptr_t)&out[1], 0, 0, 0, 0, 0, 0, 0, 0, 0);
    printf("info %llu %llu\n", (unsigned long long)out[0], (unsigned long long)out[1]);
  }
  else if (strcmp(text, "time") == 0) printf("at_ms %.3f\n", (double)now_ns() / 1e6);
  else if (strcmp(text, "line") == 0) {
    /* Waits for a line, so that a test can go step by step. */
    char line[64];
    printf("ready\n");
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) exit(0);
  } else if (strcmp(text, "fork") == 0) {
    /* The rest is done by the child alone; the parent waits for it, and tells how it ended. */
    fflush(stdout);
    pid_t child = fork();
    int status = 0;
    if (child == 0) return 1;
    waitpid(child, &status, 0);
    printf("child %d\n", status);
    exit(0);
  } else return 0;
  return 1;
}

/* Whether dlsym tells the C library who asks: this object's own strlen is not the next one. */
static void next_is_next(void) { printf("next %d\n", dlsym(RTLD_NEXT, "strlen") != dlsym(dlopen(NULL, RTLD_LAZY), "cuInit")); }

int main(int count, char **arguments) {
  if (count < 2) return 2;
  setvbuf(stdout, NULL, _IOLBF, 0);
  open_door(arguments[1]);
  for (int at = 2; at < count; at++) {
    char *state = NULL, *name = strtok_r(arguments[at], ":", &state);
    word given[11] = {0};
    for (int n = 0; n < 11; n++) {
      char *text = strtok_r(NULL, ":", &state);
      if (!text) break;
      given[n] = argument(text);
    }
    if (strcmp(name, "next") == 0) {
      next_is_next();
      continue;
    }
    if (special(name, given)) continue;
    int number = 0;
    while (number < COUNT && strcmp(names[number], name) != 0) number++;
    if (number == COUNT || !calls[number]) {
      printf("%s is not there\n", name);
      continue;
    }
    int result = calls[number](given[0], given[1], given[2], given[3], given[4], given[5], given[6], given[7], given[8], given[9],
                               given[10]);
    if (result != 0) printf("%s = %d\n", name, result);
  }
  printf("done\n");
  return 0;
}
