/* A training job on one GPU, as its driver sees it: an iteration launches all its kernels ahead, as PyTorch does, then waits for
 * the loss; then comes a bubble: the host prepares data ("host"), or gradients are reduced by a kernel that only
 * communicates ("nccl"). Arguments: --seconds --compute-ms --bubble-ms --kernels --demand --bubble host|nccl
 * --warm-up (seconds before what is measured). */
#include "client.h"

enum { ITERATIONS_MAX = 100000, NCCL_DEMAND = 30 };

int main(int count, char **arguments) {
  const double seconds = number(count, arguments, "seconds", 5), compute_ms = number(count, arguments, "compute-ms", 60);
  const double bubble_ms = number(count, arguments, "bubble-ms", 15);
  const int kernels = (int)number(count, arguments, "kernels", 300);
  const unsigned blocks = 1000;
  const int is_nccl = strcmp(text(count, arguments, "bubble", "host"), "nccl") == 0;
  open_device();
  CUfunction compute = kernel("train_kernel", compute_ms * 1e6 / kernels / blocks, (unsigned)number(count, arguments, "demand", 1000));
  CUfunction reduce = kernel("ncclDevKernel_AllReduce_Sum_f32_RING_LL", bubble_ms * 1e6 / blocks, NCCL_DEMAND);
  CUstream stream, side;
  CUevent computed;
  CHECK(cuStreamCreate(&stream, 0));
  CHECK(cuStreamCreate(&side, 0));
  CHECK(cuEventCreate(&computed, 2));
  double *iterations = calloc(ITERATIONS_MAX, sizeof *iterations);
  int done = 0;
  printf("{\"ready\":true}\n");
  fflush(stdout);
  const double warm = now_ms() + number(count, arguments, "warm-up", 0) * 1e3;
  double begun = now_ms(), used = 0;
  for (double from = begun; done < ITERATIONS_MAX && from < warm + seconds * 1e3 && !is_asked_to_end;) {
    for (int k = 0; k < kernels; k++) launch(compute, blocks, stream);
    if (is_nccl) {
      CHECK(cuEventRecord(computed, stream));
      CHECK(cuStreamWaitEvent(side, computed, 0));
      launch(reduce, blocks, side);
      CHECK(cuStreamSynchronize(side));
    } else {
      CHECK(cuStreamSynchronize(stream));
      sleep_until_ms(now_ms() + bubble_ms);
    }
    const double to = now_ms();
    if (from >= warm) iterations[done++] = to - from;
    else begun = to, used = fakeGpuUsed();
    from = to;
  }
  const double took_ms = now_ms() - begun;
  printf("{\"iterations\":%d,\"seconds\":%.6f,\"gpu_ms\":%.3f,", done, took_ms / 1e3, (fakeGpuUsed() - used) / 1e6);
  print_list("iteration_ms", iterations, done);
  printf("}\n");
  return 0;
}
