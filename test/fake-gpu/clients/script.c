/* A client that does what it is told on standard input, a line a call, so that tests can say what happens on the fake GPU in which
 * order. Answers each line with its result on a line of its own: the CUresult, then values.
 *   init | module TEXT-WITH-;-FOR-NEWLINES | context | use N (context) | stream | event | now | sleep NS | used
 *   launch STREAM KERNEL BLOCKS | record EVENT STREAM | wait STREAM EVENT | query EVENT | elapsed EVENT EVENT
 *   sync STREAM | busy STREAM | syncall | alloc BYTES | free N | info | copy TEXT
 *   capture STREAM MODE | end STREAM | instantiate GRAPH | graph EXEC STREAM | nodes GRAPH
 * Streams and events are numbered from 0 as they are made; -1 is the default stream. */
#include "client.h"

enum { MANY = 64 };
static CUcontext contexts[MANY];
static CUstream streams[MANY];
static CUevent events[MANY];
static CUgraph graphs[MANY];
static CUgraphExec execs[MANY];
static CUdeviceptr pointers[MANY];
static CUmodule module;
static int context_count, stream_count, event_count, graph_count, exec_count, pointer_count;

static CUstream stream_at(int number) { return number < 0 ? NULL : streams[number % MANY]; }

static void answer(const char *word, const char *rest) {
  int a = 0, b = 0;
  char name[128] = "";
  double value = 0;
  sscanf(rest, "%d %d", &a, &b);
  CUresult result = CUDA_SUCCESS;
#define IS(text) (strcmp(word, text) == 0)
  if (IS("init")) result = cuInit(0);
  else if (IS("module")) {
    char image[4096];
    snprintf(image, sizeof image, "%s", rest);
    for (char *c = image; *c; c++)
      if (*c == ';') *c = '\n';
    result = cuModuleLoadData(&module, image);
  } else if (IS("context")) result = cuCtxCreate_v2(&contexts[context_count++ % MANY], 0, a);
  else if (IS("use")) result = cuCtxSetCurrent(contexts[a % MANY]);
  else if (IS("stream")) result = cuStreamCreate(&streams[stream_count++ % MANY], 0);
  else if (IS("event")) result = cuEventCreate(&events[event_count++ % MANY], 0);
  else if (IS("now")) value = fakeGpuNow();
  else if (IS("used")) value = fakeGpuUsed();
  else if (IS("sleep")) fakeGpuSleep(atof(rest));
  else if (IS("launch")) {
    CUfunction function = NULL;
    unsigned blocks = 0;
    sscanf(rest, "%d %127s %u", &a, name, &blocks);
    result = cuModuleGetFunction(&function, module, name);
    if (!result) result = cuLaunchKernel(function, blocks, 1, 1, 1, 1, 1, 0, stream_at(a), NULL, NULL);
  } else if (IS("record")) result = cuEventRecord(events[a], stream_at(b));
  else if (IS("wait")) result = cuStreamWaitEvent(stream_at(a), events[b], 0);
  else if (IS("query")) result = cuEventQuery(events[a]);
  else if (IS("elapsed")) {
    float milliseconds = 0;
    result = cuEventElapsedTime(&milliseconds, events[a], events[b]);
    value = milliseconds;
  } else if (IS("sync")) result = cuStreamSynchronize(stream_at(a));
  else if (IS("busy")) result = cuStreamQuery(stream_at(a));
  else if (IS("syncall")) result = cuCtxSynchronize();
  else if (IS("alloc")) {
    result = cuMemAlloc_v2(&pointers[pointer_count % MANY], strtoull(rest, NULL, 10));
    pointer_count += !result;
  }
  else if (IS("free")) result = cuMemFree_v2(pointers[a]);
  else if (IS("info")) {
    size_t available = 0, total = 0;
    result = cuMemGetInfo_v2(&available, &total);
    value = (double)available;
  } else if (IS("copy")) {
    CUdeviceptr there;
    char back[256] = "";
    size_t bytes = strlen(rest) + 1;
    if (!(result = cuMemAlloc_v2(&there, bytes)) && !(result = cuMemcpyHtoD_v2(there, rest, bytes)) &&
        !(result = cuMemcpyDtoH_v2(back, there, bytes)) && !(result = cuMemFree_v2(there)))
      value = strcmp(rest, back) == 0;
  } else if (IS("capture")) result = cuStreamBeginCapture_v2(stream_at(a), b);
  else if (IS("end")) result = cuStreamEndCapture(stream_at(a), &graphs[graph_count++ % MANY]);
  else if (IS("instantiate")) result = cuGraphInstantiateWithFlags(&execs[exec_count++ % MANY], graphs[a], 0);
  else if (IS("graph")) result = cuGraphLaunch(execs[a], stream_at(b));
  else if (IS("nodes")) {
    size_t nodes = 0;
    result = cuGraphGetNodes(graphs[a], NULL, &nodes);
    value = (double)nodes;
  } else {
    fprintf(stderr, "script: no such line: %s\n", word);
    exit(2);
  }
  printf("%d %.15g\n", result, value);
  fflush(stdout);
}

int main(void) {
  char line[4096], word[32];
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    if (sscanf(line, "%31s", word) != 1) continue;
    const char *rest = line + strlen(word);
    answer(word, *rest == ' ' ? rest + 1 : rest);
  }
  return 0;
}
