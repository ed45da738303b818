/* Graphs: a graph is charged, whenever it is launched, with the kernels that it was made of, until it has itself been measured.
 * While a stream captures nothing is held back on it, and no event is recorded or asked for by us anywhere in the process. */
#define _GNU_SOURCE
#include <stdlib.h>

#include "interposer.h"

enum { DEEPEST = 8, NODES_MOST = 1 << 22, NODE_KERNEL = 0, NODE_GRAPH = 4 };
/* A capture that was given up without an end is not waited for. */
#define CAPTURE_MOST_NS (60 * SECOND)

static uint32_t captures;
static uint64_t capture_began_ns;
/* Of what was captured last, for a driver that does not tell the nodes of a graph. */
static uint64_t captured_ns;
static uint32_t captured_communicates;
static void *captured_graph;

int cloudless_is_captured(void) {
  return LOAD(captures) != 0 && cloudless_now_ns() - LOAD(capture_began_ns) < CAPTURE_MOST_NS;
}

int cloudless_captures(void *stream) {
  int status = 0;
  if (!cloudless_driver.cuStreamIsCapturing) return 1;
  return cloudless_driver.cuStreamIsCapturing(stream, &status) != 0 || status != 0;
}

void cloudless_count_captured(uint64_t cost_ns, int communicates) {
  ADD(captured_ns, cost_ns);
  if (communicates) STORE(captured_communicates, GRAPH_COMMUNICATES);
}

void cloudless_count_graph(void *stream) {
  struct gpu *gpu = cloudless_is_captured() && cloudless_captures(stream) ? NULL : cloudless_gpu_here();
  if (gpu) ADD(gpu->slot->graph_launches, 1);
}

void cloudless_drop_captures(void) { captures = 0; }

struct sum {
  uint64_t ns;
  int communicates;
};

static int add_kernel(void *node, struct sum *sum) {
  struct cu_kernel_node is = {0};
  if (!cloudless_driver.cuGraphKernelNodeGetParams_v2 || cloudless_driver.cuGraphKernelNodeGetParams_v2(node, &is) != 0)
    if (!cloudless_driver.cuGraphKernelNodeGetParams || cloudless_driver.cuGraphKernelNodeGetParams(node, &is) != 0) return 0;
  uint64_t blocks = (uint64_t)is.x * is.y * is.z;
  struct cost *cost = cloudless_cost(is.function ? is.function : is.kernel, blocks);
  sum->ns += cloudless_cost_ns(cost, blocks);
  if (cost->communicates) sum->communicates = GRAPH_COMMUNICATES;
  return 1;
}

/* 0 where the driver does not tell. */
static int add_nodes(void *graph, struct sum *sum, int depth) {
  const struct driver *driver = &cloudless_driver;
  size_t count = 0;
  if (depth > DEEPEST || !driver->cuGraphGetNodes || !driver->cuGraphNodeGetType) return 0;
  if (driver->cuGraphGetNodes(graph, NULL, &count) != 0 || count > NODES_MOST) return 0;
  void **nodes = calloc(count ? count : 1, sizeof *nodes);
  if (!nodes) return 0;
  int is_told = driver->cuGraphGetNodes(graph, nodes, &count) == 0;
  for (size_t at = 0; is_told && at < count; at++) {
    int type = -1;
    void *inner = NULL;
    is_told = driver->cuGraphNodeGetType(nodes[at], &type) == 0;
    if (type == NODE_KERNEL) is_told = add_kernel(nodes[at], sum);
    if (type == NODE_GRAPH && driver->cuGraphChildGraphNodeGetGraph)
      is_told = driver->cuGraphChildGraphNodeGetGraph(nodes[at], &inner) == 0 && add_nodes(inner, sum, depth + 1);
  }
  free(nodes);
  return is_told;
}

/* Counted anew when a graph is changed in place: it is another graph then. */
static void weigh(void *exec, void *graph) {
  if (!cloudless_gpus || !exec) return;
  cloudless_find_driver();
  struct sum sum = {0};
  if (!add_nodes(graph, &sum, 0)) {
    int is_last = LOAD(captured_graph) == graph;
    sum.ns = is_last ? LOAD(captured_ns) : 0;
    sum.communicates = is_last ? (int)LOAD(captured_communicates) : 0;
  }
  cloudless_set_graph_cost(exec, sum.ns, sum.communicates);
}

/* Of each of these the capture begins before the driver is asked: from then on nothing of ours may disturb it. */
#define BEGINS(name, parameters, ...) \
  EXPORT cu_result name parameters { \
    if (!cloudless_gpus) return REAL(name)(__VA_ARGS__); \
    STORE(capture_began_ns, cloudless_now_ns()); \
    if (ADD(captures, 1) == 0) STORE(captured_ns, 0), STORE(captured_communicates, 0); \
    cloudless_find_driver(); \
    cu_result result = REAL(name)(__VA_ARGS__); \
    if (result != 0) SUBTRACT(captures, 1); \
    return result; \
  }
BEGINS(cuStreamBeginCapture, (void *stream), stream)
BEGINS(cuStreamBeginCapture_ptsz, (void *stream), stream)
BEGINS(cuStreamBeginCapture_v2, (void *stream, int mode), stream, mode)
BEGINS(cuStreamBeginCapture_v2_ptsz, (void *stream, int mode), stream, mode)
BEGINS(cuStreamBeginCaptureToGraph, TO_GRAPH_PARAMETERS, stream, graph, dependencies, edges, count, mode)
BEGINS(cuStreamBeginCaptureToGraph_ptsz, TO_GRAPH_PARAMETERS, stream, graph, dependencies, edges, count, mode)

#define ENDS(name) \
  EXPORT cu_result name(void *stream, void **graph) { \
    cu_result result = REAL(name)(stream, graph); \
    uint32_t open = LOAD(captures); \
    while (open > 0 && !CHANGE(captures, open, open - 1)) open = LOAD(captures); \
    if (result == 0 && graph) STORE(captured_graph, *graph); \
    return result; \
  }
ENDS(cuStreamEndCapture)
ENDS(cuStreamEndCapture_ptsz)

#define MAKES(name, parameters, ...) \
  EXPORT cu_result name parameters { \
    cu_result result = REAL(name)(__VA_ARGS__); \
    if (result == 0 && exec) weigh(*exec, graph); \
    return result; \
  }
MAKES(cuGraphInstantiate, (void **exec, void *graph, void **node, char *log, size_t bytes), exec, graph, node, log, bytes)
MAKES(cuGraphInstantiate_v2, (void **exec, void *graph, void **node, char *log, size_t bytes), exec, graph, node, log, bytes)
MAKES(cuGraphInstantiateWithFlags, (void **exec, void *graph, unsigned long long flags), exec, graph, flags)
MAKES(cuGraphInstantiateWithParams, (void **exec, void *graph, void *how), exec, graph, how)
MAKES(cuGraphInstantiateWithParams_ptsz, (void **exec, void *graph, void *how), exec, graph, how)

EXPORT cu_result cuGraphExecUpdate(void *exec, void *graph, void **node, int *how) {
  cu_result result = REAL(cuGraphExecUpdate)(exec, graph, node, how);
  if (result == 0) weigh(exec, graph);
  return result;
}
EXPORT cu_result cuGraphExecUpdate_v2(void *exec, void *graph, void *how) {
  cu_result result = REAL(cuGraphExecUpdate_v2)(exec, graph, how);
  if (result == 0) weigh(exec, graph);
  return result;
}
EXPORT cu_result cuGraphExecDestroy(void *exec) {
  struct cost *cost = cloudless_gpus ? cloudless_graph_cost(exec, 0) : NULL;
  if (cost) cloudless_forget_cost(cost);
  return REAL(cuGraphExecDestroy)(exec);
}
