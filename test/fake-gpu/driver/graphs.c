/* Graphs of the fake driver: kernels and graphs within graphs, run one after the other in the order in which they were added. */
#include <stdlib.h>
#include <string.h>
#include "objects.h"

struct node {
  struct launch launch;
  struct graph *child; /* NULL: a kernel */
  struct node *next;
};

struct graph {
  struct node *first, *last;
  size_t count;
};

struct graph_exec {
  struct graph *graph; /* a copy */
};

static struct node *append(struct graph *graph, const struct launch *launch, struct graph *child) {
  struct node *node = calloc(1, sizeof *node);
  if (launch) node->launch = *launch;
  node->child = child;
  if (graph->last) graph->last->next = node;
  else graph->first = node;
  graph->last = node;
  graph->count++;
  return node;
}

void graph_add(struct graph *graph, const struct launch *launch) { append(graph, launch, NULL); }

static struct graph *copy_of(const struct graph *graph) {
  struct graph *copy = calloc(1, sizeof *copy);
  for (const struct node *n = graph->first; n; n = n->next) append(copy, &n->launch, n->child ? copy_of(n->child) : NULL);
  return copy;
}

static CUresult launch_nodes(const struct graph *graph, struct stream_handle *stream) {
  CUresult result = CUDA_SUCCESS;
  for (const struct node *n = graph->first; n && !result; n = n->next)
    result = n->child ? launch_nodes(n->child, stream) : run_launch(stream, &n->launch);
  return result;
}

CU cuGraphCreate(CUgraph *graph, unsigned int flags) {
  (void)flags;
  return *graph = calloc(1, sizeof **graph), CUDA_SUCCESS;
}

CU cuGraphDestroy(CUgraph graph) {
  if (!graph) return CUDA_ERROR_INVALID_VALUE;
  for (struct node *n = graph->first, *next; n; n = next) {
    next = n->next;
    if (n->child) cuGraphDestroy(n->child);
    free(n);
  }
  free(graph);
  return CUDA_SUCCESS;
}

CU cuGraphAddKernelNode_v2(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, size_t count, const CUDA_KERNEL_NODE_PARAMS *p) {
  (void)after, (void)count;
  struct launch launch = {.function = p->func ? p->func : p->kern, .grid = {p->gridDimX, p->gridDimY, p->gridDimZ},
                          .block = {p->blockDimX, p->blockDimY, p->blockDimZ}, .shared = p->sharedMemBytes};
  *node = append(graph, &launch, NULL);
  return CUDA_SUCCESS;
}

CU cuGraphAddChildGraphNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, size_t count, CUgraph child) {
  (void)after, (void)count;
  return *node = append(graph, NULL, copy_of(child)), CUDA_SUCCESS;
}

CU cuGraphGetNodes(CUgraph graph, CUgraphNode *nodes, size_t *count) {
  if (!graph) return CUDA_ERROR_INVALID_VALUE;
  size_t room = *count, filled = 0;
  *count = graph->count;
  for (struct node *n = graph->first; nodes && n && filled < room; n = n->next) nodes[filled++] = n;
  if (nodes) *count = filled;
  return CUDA_SUCCESS;
}

CU cuGraphNodeGetType(CUgraphNode node, int *type) {
  return *type = node->child ? CU_GRAPH_NODE_TYPE_GRAPH : CU_GRAPH_NODE_TYPE_KERNEL, CUDA_SUCCESS;
}

CU cuGraphKernelNodeGetParams_v2(CUgraphNode node, CUDA_KERNEL_NODE_PARAMS *params) {
  if (node->child) return CUDA_ERROR_INVALID_VALUE;
  const struct launch *l = &node->launch;
  *params = (CUDA_KERNEL_NODE_PARAMS){.func = l->function, .gridDimX = l->grid[0], .gridDimY = l->grid[1], .gridDimZ = l->grid[2],
                                      .blockDimX = l->block[0], .blockDimY = l->block[1], .blockDimZ = l->block[2],
                                      .sharedMemBytes = l->shared};
  return CUDA_SUCCESS;
}

CU cuGraphChildGraphNodeGetGraph(CUgraphNode node, CUgraph *graph) {
  return node->child ? (*graph = node->child, CUDA_SUCCESS) : CUDA_ERROR_INVALID_VALUE;
}

CU cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph, unsigned long long flags) {
  (void)flags;
  if (!graph) return CUDA_ERROR_INVALID_VALUE;
  *exec = malloc(sizeof **exec);
  (*exec)->graph = copy_of(graph);
  return CUDA_SUCCESS;
}
CU cuGraphInstantiate_v2(CUgraphExec *exec, CUgraph graph, CUgraphNode *failed, char *log, size_t bytes) {
  return (void)failed, (void)log, (void)bytes, cuGraphInstantiateWithFlags(exec, graph, 0);
}
CU cuGraphInstantiateWithParams(CUgraphExec *exec, CUgraph graph, CUDA_GRAPH_INSTANTIATE_PARAMS *params) {
  params->result_out = 0;
  return cuGraphInstantiateWithFlags(exec, graph, params->flags);
}

CU cuGraphExecDestroy(CUgraphExec exec) {
  cuGraphDestroy(exec->graph);
  free(exec);
  return CUDA_SUCCESS;
}

CU cuGraphLaunch(CUgraphExec exec, CUstream handle) {
  struct stream_handle *stream = stream_of(handle);
  if (!stream) return CUDA_ERROR_INVALID_CONTEXT;
  CUresult failure = device_failure(stream->context->gpu);
  if (failure) return failure;
  if (!stream->capturing) return launch_nodes(exec->graph, stream);
  append(stream->capturing, NULL, copy_of(exec->graph)); /* a graph launched while capturing becomes a graph within the graph */
  return CUDA_SUCCESS;
}
