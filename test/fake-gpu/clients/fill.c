/* Offline work that takes whatever the GPU gives: batches of kernels, waited for one by one, or launched ahead up to --ahead
 * batches. Arguments: --seconds --kernel-ms --kernels (of a batch) --ahead --demand --warm-up
 * (seconds before what is measured). Ends by itself or at SIGTERM. */
#include "client.h"

enum { AHEAD_MAX = 256 };

int main(int count, char **arguments) {
  const double seconds = number(count, arguments, "seconds", 5), kernel_ms = number(count, arguments, "kernel-ms", 0.25);
  const int kernels = (int)number(count, arguments, "kernels", 4);
  int ahead = (int)number(count, arguments, "ahead", 1);
  if (ahead < 1) ahead = 1;
  if (ahead > AHEAD_MAX) ahead = AHEAD_MAX;
  const unsigned blocks = 100;
  open_device();
  CUfunction fill = kernel("fill_kernel", kernel_ms * 1e6 / blocks, (unsigned)number(count, arguments, "demand", 1000));
  CUstream stream;
  CUevent ends[AHEAD_MAX];
  CHECK(cuStreamCreate(&stream, 0));
  for (int i = 0; i < ahead; i++) CHECK(cuEventCreate(&ends[i], 2));
  printf("{\"ready\":true}\n");
  fflush(stdout);
  const double warm = now_ms() + number(count, arguments, "warm-up", 0) * 1e3;
  double begun = now_ms(), used = 0;
  int launched = 0, done = 0;
  while (now_ms() < warm + seconds * 1e3 && !is_asked_to_end) {
    if (now_ms() < warm) begun = now_ms(), used = fakeGpuUsed();
    for (int k = 0; k < kernels; k++) launch(fill, blocks, stream);
    CHECK(cuEventRecord(ends[launched++ % ahead], stream));
    if (launched - done < ahead) continue;
    CHECK(cuEventSynchronize(ends[done++ % ahead]));
  }
  const double gpu_ms = (fakeGpuUsed() - used) / 1e6, took_ms = now_ms() - begun;
  printf("{\"batches\":%d,\"seconds\":%.6f,\"gpu_ms\":%.3f}\n", done, took_ms / 1e3, gpu_ms);
  return 0;
}
