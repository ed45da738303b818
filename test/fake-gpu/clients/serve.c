/* An inference server on one GPU: requests arrive by a Poisson process from a seed, whatever became of those before; each is a few
 * kernels and a synchronisation. Latency is from arrival, so that it includes the queue. Arguments: --seconds --rate (a second)
 * --service-ms --kernels --demand --seed --slo-ms --warm-up
 * (seconds before what is measured). */
#include "client.h"

enum { REQUESTS_MAX = 100000 };

static int ascending(const void *a, const void *b) { return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b); }

int main(int count, char **arguments) {
  const double seconds = number(count, arguments, "seconds", 5), rate = number(count, arguments, "rate", 20);
  const double service_ms = number(count, arguments, "service-ms", 2), slo_ms = number(count, arguments, "slo-ms", 20);
  const int kernels = (int)number(count, arguments, "kernels", 10);
  const unsigned blocks = 100;
  uint64_t seed = UINT64_C(0x9e3779b97f4a7c15) * (1 + (uint64_t)number(count, arguments, "seed", 1));
  open_device();
  CUfunction infer = kernel("infer_kernel", service_ms * 1e6 / kernels / blocks, (unsigned)number(count, arguments, "demand", 400));
  CUstream stream;
  CHECK(cuStreamCreate(&stream, 0));
  double *latencies = calloc(REQUESTS_MAX, sizeof *latencies);
  int done = 0, over = 0;
  printf("{\"ready\":true}\n");
  fflush(stdout);
  const double warm = now_ms() + number(count, arguments, "warm-up", 0) * 1e3;
  double arrival = now_ms();
  while (done < REQUESTS_MAX && !is_asked_to_end) {
    arrival += -log(uniform(&seed)) / rate * 1e3;
    if (arrival > warm + seconds * 1e3) break;
    if (arrival > now_ms()) sleep_until_ms(arrival);
    for (int k = 0; k < kernels; k++) launch(infer, blocks, stream);
    CHECK(cuStreamSynchronize(stream));
    if (arrival < warm) continue;
    latencies[done] = now_ms() - arrival;
    if (latencies[done++] > slo_ms) over++;
  }
  qsort(latencies, (size_t)done, sizeof *latencies, ascending);
#define AT(p) (done ? latencies[(int)((done - 1) * (p))] : 0)
  printf("{\"requests\":%d,\"over\":%d,\"gpu_ms\":%.3f,\"p50_ms\":%.3f,\"p95_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f}\n", done, over,
         fakeGpuUsed() / 1e6, AT(0.5), AT(0.95), AT(0.99), AT(1));
  return 0;
}
