/* Memory of the device: counted always, refused only above the limit that the manager gives where the driver has none of its
 * own. Room is taken before the driver is asked, so that threads together do not pass the limit, and given back if it
 * declines; what was never counted is never subtracted. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "interposer.h"

struct piece {
  uint64_t key; /* 0: free */
  uint64_t bytes;
  uint32_t holders;
  int gpu;
};

/* Handles and addresses are different numbers that may be equal. */
#define HANDLE_BIT (UINT64_C(1) << 63)
enum { PLACE_DEVICE = 1, FIRST_ROOM = 1024 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct piece *pieces;
static size_t room, held;

static struct piece *place_of(struct piece *in, size_t its_room, uint64_t key) {
  size_t at = (key * UINT64_C(0x9e3779b97f4a7c15)) >> 32;
  while (in[at % its_room].key != 0 && in[at % its_room].key != key) at++;
  return &in[at % its_room];
}

static int grow(void) {
  size_t more = room ? 2 * room : FIRST_ROOM;
  struct piece *larger = calloc(more, sizeof *larger);
  if (!larger) return 0;
  for (size_t at = 0; at < room; at++)
    if (pieces[at].key) *place_of(larger, more, pieces[at].key) = pieces[at];
  free(pieces);
  pieces = larger;
  room = more;
  return 1;
}

static int put(const struct piece *piece) {
  pthread_mutex_lock(&lock);
  int has_room = 2 * held < room || grow();
  if (has_room) {
    struct piece *place = place_of(pieces, room, piece->key);
    if (place->key == 0) held++;
    *place = *piece;
  }
  pthread_mutex_unlock(&lock);
  return has_room;
}

/* The last holder takes the piece out; those behind it in its run move up, so that they are still found. */
static int take(uint64_t key, struct piece *taken) {
  int is_last = 0;
  pthread_mutex_lock(&lock);
  struct piece *place = room ? place_of(pieces, room, key) : NULL;
  if (place && place->key == key) {
    *taken = *place;
    is_last = --place->holders == 0;
    if (is_last) {
      size_t at = (size_t)(place - pieces);
      place->key = 0;
      held--;
      for (size_t next = (at + 1) % room; pieces[next].key; next = (next + 1) % room) {
        struct piece moved = pieces[next];
        pieces[next].key = 0;
        *place_of(pieces, room, moved.key) = moved;
      }
    }
  }
  pthread_mutex_unlock(&lock);
  if (!is_last) taken->key = 0;
  return is_last;
}

static void add_holder(uint64_t key) {
  pthread_mutex_lock(&lock);
  struct piece *place = room ? place_of(pieces, room, key) : NULL;
  if (place && place->key == key) place->holders++;
  pthread_mutex_unlock(&lock);
}

/* The parent's memory is not the child's. */
void cloudless_drop_memory(void) {
  pthread_mutex_init(&lock, NULL);
  if (room) memset(pieces, 0, room * sizeof *pieces);
  held = 0;
}

static uint64_t limit_of(struct gpu *gpu) {
  struct orders orders;
  return cloudless_orders(gpu, &orders) ? orders.memory_limit_bytes : cloudless_memory_until_told;
}

static int reserve(struct gpu *gpu, uint64_t bytes) {
  uint64_t limit = limit_of(gpu), before = ADD(gpu->slot->memory_bytes, bytes);
  if (limit == 0 || (bytes <= limit && before <= limit - bytes)) return 1;
  SUBTRACT(gpu->slot->memory_bytes, bytes);
  return 0;
}

static void settle(struct gpu *gpu, uint64_t key, uint64_t bytes, cu_result result) {
  struct piece piece = {key, bytes, 1, (int)gpu->ordinal};
  if (result != 0 || key == 0 || !put(&piece)) SUBTRACT(gpu->slot->memory_bytes, bytes);
}

/* Taken out before the driver frees it: from then on another thread may be given the same address. */
static struct piece drop(uint64_t key) {
  struct piece piece = {0};
  if (cloudless_gpus && key && take(key, &piece)) SUBTRACT(cloudless_known_gpu(piece.gpu)->slot->memory_bytes, piece.bytes);
  return piece;
}

static void restore(struct piece *piece, cu_result result) {
  if (result == 0 || piece->key == 0) return;
  piece->holders = 1;
  if (put(piece)) ADD(cloudless_known_gpu(piece->gpu)->slot->memory_bytes, piece->bytes);
}

#define ALLOCATES(name, parameters, its_gpu, its_bytes, its_key, ...) \
  EXPORT cu_result name parameters { \
    if (!cloudless_gpus) return REAL(name)(__VA_ARGS__); \
    cloudless_find_driver(); \
    struct gpu *gpu = its_gpu; \
    if (!gpu) return REAL(name)(__VA_ARGS__); \
    if (!reserve(gpu, its_bytes)) return CU_OUT_OF_MEMORY; \
    cu_result result = REAL(name)(__VA_ARGS__); \
    settle(gpu, result == 0 ? its_key : 0, its_bytes, result); \
    return result; \
  }
#define FREES(name, parameters, key, ...) \
  EXPORT cu_result name parameters { \
    struct piece piece = drop(key); \
    cu_result result = REAL(name)(__VA_ARGS__); \
    restore(&piece, result); \
    return result; \
  }

/* In a capture nothing is allocated yet: the graph will. */
static struct gpu *gpu_of_stream(void *stream) {
  return cloudless_is_captured() && cloudless_captures(stream) ? NULL : cloudless_gpu_here();
}
static void *own(void *stream) { return stream ? stream : (void *)2; }
static struct gpu *gpu_of_place(const struct cu_place *place) {
  return place && place->location_type == PLACE_DEVICE ? cloudless_gpu(place->location_id) : NULL;
}

ALLOCATES(cuMemAlloc_v2, (uint64_t *address, size_t bytes), cloudless_gpu_here(), bytes, *address, address, bytes)
ALLOCATES(cuMemAllocManaged, (uint64_t *address, size_t bytes, unsigned flags), cloudless_gpu_here(), bytes, *address, address,
          bytes, flags)
/* A row's padding is known only afterwards, and is small. */
ALLOCATES(cuMemAllocPitch_v2, (uint64_t *address, size_t *pitch, size_t width, size_t height, unsigned element),
          cloudless_gpu_here(), width *height, *address, address, pitch, width, height, element)
ALLOCATES(cuMemAllocAsync, (uint64_t *address, size_t bytes, void *stream), gpu_of_stream(stream), bytes, *address, address,
          bytes, stream)
ALLOCATES(cuMemAllocAsync_ptsz, (uint64_t *address, size_t bytes, void *stream), gpu_of_stream(own(stream)), bytes, *address,
          address, bytes, stream)
ALLOCATES(cuMemAllocFromPoolAsync, (uint64_t *address, size_t bytes, void *pool, void *stream), gpu_of_stream(stream), bytes,
          *address, address, bytes, pool, stream)
ALLOCATES(cuMemAllocFromPoolAsync_ptsz, (uint64_t *address, size_t bytes, void *pool, void *stream),
          gpu_of_stream(own(stream)), bytes, *address, address, bytes, pool, stream)
ALLOCATES(cuMemCreate, (uint64_t *handle, size_t bytes, const struct cu_place *place, unsigned long long flags),
          gpu_of_place(place), bytes, *handle | HANDLE_BIT, handle, bytes, place, flags)

FREES(cuMemFree_v2, (uint64_t address), address, address)
FREES(cuMemFreeAsync, (uint64_t address, void *stream), address, address, stream)
FREES(cuMemFreeAsync_ptsz, (uint64_t address, void *stream), address, address, stream)
FREES(cuMemRelease, (uint64_t handle), handle | HANDLE_BIT, handle)

EXPORT cu_result cuMemRetainAllocationHandle(uint64_t *handle, void *address) {
  cu_result result = REAL(cuMemRetainAllocationHandle)(handle, address);
  if (cloudless_gpus && result == 0 && handle) add_holder(*handle | HANDLE_BIT);
  return result;
}

EXPORT cu_result cuMemGetInfo_v2(size_t *free, size_t *total) {
  cu_result result = REAL(cuMemGetInfo_v2)(free, total);
  if (!cloudless_gpus || result != 0) return result;
  struct gpu *gpu = cloudless_gpu_here();
  uint64_t limit = gpu ? limit_of(gpu) : 0;
  if (limit == 0) return result;
  uint64_t used = LOAD(gpu->slot->memory_bytes), left = used < limit ? limit - used : 0;
  if (total && *total > limit) *total = limit;
  if (free && *free > left) *free = left;
  return result;
}

EXPORT cu_result cuDeviceTotalMem_v2(size_t *bytes, int device) {
  cu_result result = REAL(cuDeviceTotalMem_v2)(bytes, device);
  struct gpu *gpu = cloudless_gpus && result == 0 ? cloudless_gpu(device) : NULL;
  uint64_t limit = gpu ? limit_of(gpu) : 0;
  if (limit && bytes && *bytes > limit) *bytes = limit;
  return result;
}
