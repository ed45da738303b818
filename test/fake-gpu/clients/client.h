/* What the clients of the fake GPU share: their arguments, time, chance and how they end. */
#ifndef FAKE_GPU_CLIENT_H
#define FAKE_GPU_CLIENT_H
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../driver/cuda.h"

static inline void check(CUresult result, const char *what) {
  if (result == CUDA_SUCCESS) return;
  fprintf(stderr, "%s: CUDA error %d\n", what, result);
  exit(1);
}
#define CHECK(call) check(call, #call)

/* --NAME VALUE */
static inline double number(int count, char **arguments, const char *name, double otherwise) {
  for (int i = 1; i + 1 < count; i++)
    if (strncmp(arguments[i], "--", 2) == 0 && strcmp(arguments[i] + 2, name) == 0) return atof(arguments[i + 1]);
  return otherwise;
}

static inline const char *text(int count, char **arguments, const char *name, const char *otherwise) {
  for (int i = 1; i + 1 < count; i++)
    if (strncmp(arguments[i], "--", 2) == 0 && strcmp(arguments[i] + 2, name) == 0) return arguments[i + 1];
  return otherwise;
}

static inline double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static inline void sleep_until_ms(double at) {
  struct timespec t = {.tv_sec = (time_t)(at / 1e3)};
  t.tv_nsec = (long)((at - (double)t.tv_sec * 1e3) * 1e6);
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0) {}
}

/* xorshift64*: the same seed gives the same requests in every setting. */
static inline double uniform(uint64_t *state) {
  *state ^= *state >> 12, *state ^= *state << 25, *state ^= *state >> 27;
  return ((double)((*state * UINT64_C(2685821657736338717)) >> 11) + 0.5) / 9007199254740992.0;
}

static volatile sig_atomic_t is_asked_to_end;
static inline void ask_to_end(int signal) { (void)signal, is_asked_to_end = 1; }

static inline void open_device(void) {
  CUcontext context;
  CUdevice device;
  signal(SIGTERM, ask_to_end);
  CHECK(cuInit(0));
  CHECK(cuDeviceGet(&device, 0));
  CHECK(cuDevicePrimaryCtxRetain(&context, device));
  CHECK(cuCtxSetCurrent(context));
}

static inline CUfunction kernel(const char *name, double ns_per_block, unsigned demand_milli) {
  char image[256];
  CUmodule module;
  CUfunction function;
  snprintf(image, sizeof image, "%s %.3f %u\n", name, ns_per_block, demand_milli);
  CHECK(cuModuleLoadData(&module, image));
  CHECK(cuModuleGetFunction(&function, module, name));
  return function;
}

static inline void launch(CUfunction function, unsigned blocks, CUstream stream) {
  CHECK(cuLaunchKernel(function, blocks, 1, 1, 256, 1, 1, 0, stream, NULL, NULL));
}

static inline void print_list(const char *name, const double *values, int count) {
  printf("\"%s\":[", name);
  for (int i = 0; i < count; i++) printf(i ? ",%.3f" : "%.3f", values[i]);
  printf("]");
}
#endif
