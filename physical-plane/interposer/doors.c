/* The three ways to a driver function: as an ELF symbol (the hooks are exported under its names), by dlsym, and by
 * cuGetProcAddress, which names an ABI by its version and must be answered with the hook of just that ABI. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>

#include "interposer.h"

struct row {
  const char *name, *base;
  int since, per_thread;
  void *hook;
};

static const struct row rows[ENTRY_POINTS] = {
#define ROW(name, base, since, per_thread, parameters) {#name, base, since, per_thread, (void *)name},
    CLOUDLESS_HOOKS(ROW)
#undef ROW
};

void *cloudless_real[ENTRY_POINTS];
struct driver cloudless_driver;

typedef void *find_symbol(void *handle, const char *name);
static find_symbol *real_dlsym;
static void *const not_there = (void *)-1;

/* Ours hides the C library's, which has it under the version in which the symbol last changed on a machine's kind. */
static int find_dlsym(void) {
  static const char *const versions[] = {"GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17", "GLIBC_2.27", "GLIBC_2.36"};
  for (size_t at = 0; !LOAD(real_dlsym) && at < sizeof versions / sizeof *versions; at++) {
    void *found = dlvsym(RTLD_NEXT, "dlsym", versions[at]);
    if (found) STORE(real_dlsym, (find_symbol *)found);
  }
  return LOAD(real_dlsym) != NULL;
}

static int is_hook(const void *function) {
  for (int at = 0; at < ENTRY_POINTS; at++)
    if (rows[at].hook == function) return 1;
  return 0;
}

static int is_of_driver(void *function) {
  Dl_info info;
  if (!dladdr(function, &info) || !info.dli_fname) return 0;
  const char *slash = strrchr(info.dli_fname, '/');
  return strncmp(slash ? slash + 1 : info.dli_fname, "libcuda.so", 10) == 0;
}

/* One who hooks `name` itself and asks for the next after it must not be given us, who come before it: a circle. */
static int defines(void *caller, const char *name) {
  Dl_info its, found;
  if (!dladdr(caller, &its) || !its.dli_fname) return 0;
  void *object = dlopen(its.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  if (!object) return 0;
  void *function = real_dlsym(object, name);
  int is_its = function && dladdr(function, &found) && found.dli_fbase == its.dli_fbase;
  dlclose(object);
  return is_its;
}

static void *driver_handle(void) {
  static void *known;
  if (LOAD(known)) return known;
  void *handle = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
  for (int at = 0; !handle && at < ENTRY_POINTS; at++) {
    Dl_info info;
    if (cloudless_real[at] && dladdr(cloudless_real[at], &info))
      handle = dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
  }
  if (handle) STORE(known, handle);
  return handle;
}

/* The driver's own, or that of another who comes after us; NULL without a driver. */
static void *resolve(enum entry_point entry) {
  if (!LOAD(real_dlsym) && !find_dlsym()) return NULL;
  void *found = real_dlsym(RTLD_NEXT, rows[entry].name);
  void *handle = found && !is_hook(found) ? NULL : driver_handle();
  if (handle) found = real_dlsym(handle, rows[entry].name);
  if (!found || is_hook(found)) return NULL;
  CHANGE(cloudless_real[entry], NULL, found);
  return found;
}

__attribute__((noinline)) static void *door(void *handle, const char *name, void *caller) {
  cloudless_start();
  int at = 0;
  while (at < ENTRY_POINTS && strcmp(rows[at].name, name) != 0) at++;
  if (at == ENTRY_POINTS) return NULL;
  if (handle == RTLD_NEXT && defines(caller, name)) return NULL;
  void *found = real_dlsym(handle, name);
  if (!found) return NULL;
  /* Only our own symbol is there: without a driver the answer is that there is none, as it would be without us. */
  if (is_hook(found)) {
    if (LOAD(cloudless_real[at]) || resolve(at)) return rows[at].hook;
    /* For dlerror: behind us there is nothing of that name. */
    found = real_dlsym(RTLD_NEXT, name);
    return found ? found : not_there;
  }
  if (!cloudless_gpus || !is_of_driver(found)) return NULL;
  CHANGE(cloudless_real[at], NULL, found);
  return rows[at].hook;
}

EXPORT void *dlsym(void *restrict handle, const char *restrict name) {
  if (!LOAD(real_dlsym) && !find_dlsym()) return NULL;
  if (name[0] == 'c' && name[1] == 'u') {
    void *hook = door(handle, name, __builtin_return_address(0));
    if (hook == not_there) return NULL;
    if (hook) return hook;
  }
  /* A tail call: the C library reads from the return address who asks for RTLD_NEXT, and that is not us. */
  return real_dlsym(handle, name);
}

/* So that a hook can always call what REAL gives. */
static cu_result absent(void) { return CU_NOT_FOUND; }

void *cloudless_resolve(enum entry_point entry) {
  void *found = resolve(entry);
  return found ? found : (void *)absent;
}

void cloudless_find_symbols(void) {
  void *handle = LOAD(real_dlsym) || find_dlsym() ? driver_handle() : NULL;
  if (!handle) return;
#define FIND(name, parameters) \
  { \
    void *found = real_dlsym(handle, #name); \
    if (!is_hook(found)) cloudless_driver.name = (__typeof__(cloudless_driver.name))found; \
  }
  CLOUDLESS_ASKED(FIND)
#undef FIND
}

typedef cu_result ask_1 PROC_ADDRESS_1;
typedef cu_result ask_2 PROC_ADDRESS_2;

/* The hook whose ABI is that of `found`: the first version of the name at which the driver answers with the same function.
 * A newer ABI than we know is another function at every version of ours, and is left alone. */
static void *hook_of(const char *symbol, void *found, int version, uint64_t flags, int per_thread, ask_1 *one, ask_2 *two) {
  for (int at = 0; at < ENTRY_POINTS; at++) {
    const struct row *row = &rows[at];
    if (row->since > version || row->per_thread > per_thread || strcmp(row->base, symbol) != 0) continue;
    void *its = NULL;
    int status;
    cu_result result = two ? two(symbol, &its, row->since, flags, &status) : one(symbol, &its, row->since, flags);
    if (result != 0 || its != found) continue;
    /* Asked for the per-thread default stream the driver gives that variant also at the plain one's version. */
    const struct row *next = row + 1;
    if (per_thread && at + 1 < ENTRY_POINTS && next->per_thread && next->since <= version && !strcmp(next->base, symbol))
      row = next;
    CHANGE(cloudless_real[row - rows], NULL, found);
    return row->hook;
  }
  return found;
}

static void open_door(const char *symbol, void **found, int version, uint64_t flags, int per_thread, ask_1 *one, ask_2 *two) {
  cloudless_start();
  if (!cloudless_gpus || !symbol || !found || !*found || is_hook(*found)) return;
  *found = hook_of(symbol, *found, version, flags, per_thread || (flags & 2) != 0, one, two);
}

#define ASK_1(name, per_thread) \
  EXPORT cu_result name PROC_ADDRESS_1 { \
    cu_result result = REAL(name)(symbol, found, version, flags); \
    if (result == 0) open_door(symbol, found, version, flags, per_thread, REAL(name), NULL); \
    return result; \
  }
#define ASK_2(name, per_thread) \
  EXPORT cu_result name PROC_ADDRESS_2 { \
    cu_result result = REAL(name)(symbol, found, version, flags, status); \
    if (result == 0) open_door(symbol, found, version, flags, per_thread, NULL, REAL(name)); \
    return result; \
  }
ASK_1(cuGetProcAddress, 0)
ASK_1(cuGetProcAddress_ptsz, !(flags & 1))
ASK_2(cuGetProcAddress_v2, 0)
ASK_2(cuGetProcAddress_v2_ptsz, !(flags & 1))
