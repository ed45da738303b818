/* Kernels of the fake driver. Its machine code is text: a line for each kernel, "NAME NS_PER_BLOCK DEMAND_MILLI", where the demand
 * is the kernel's of the device's multiprocessors, in thousandths, above 1000 when its blocks take several waves. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "objects.h"

enum { KERNELS_MAX = 256 };

CU cuModuleLoadData(CUmodule *module, const void *image) {
  struct module *made = calloc(1, sizeof *made + KERNELS_MAX * sizeof made->functions[0]);
  char *text = strdup(image);
  CUresult result = CUDA_SUCCESS;
  for (char *rest = NULL, *line = strtok_r(text, "\n", &rest); line && !result; line = strtok_r(NULL, "\n", &rest)) {
    struct function *f = &made->functions[made->count];
    if (made->count == KERNELS_MAX || sscanf(line, "%127s %lf %u", f->name, &f->ns_per_block, &f->demand_milli) != 3 ||
        f->ns_per_block <= 0 || f->demand_milli == 0)
      result = CUDA_ERROR_INVALID_IMAGE;
    else made->count++;
  }
  free(text);
  if (result) free(made);
  else *module = made;
  return result;
}

CU cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int count, void *options, void **values) {
  return (void)count, (void)options, (void)values, cuModuleLoadData(module, image);
}

CU cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  for (size_t i = 0; i < module->count; i++)
    if (strcmp(module->functions[i].name, name) == 0) return *function = &module->functions[i], CUDA_SUCCESS;
  return CUDA_ERROR_NOT_FOUND;
}

CU cuModuleUnload(CUmodule module) { return free(module), CUDA_SUCCESS; }
CU cuFuncGetName(const char **name, CUfunction function) { return *name = function->name, CUDA_SUCCESS; }

/* Libraries and their kernels are, here, modules and their functions. */
CU cuLibraryLoadData(CUmodule *library, const void *code, void *jit, void **jit_values, unsigned int jit_count, void *options,
                     void **option_values, unsigned int count) {
  (void)jit, (void)jit_values, (void)jit_count, (void)options, (void)option_values, (void)count;
  return cuModuleLoadData(library, code);
}
CU cuLibraryGetKernel(CUfunction *kernel, CUmodule library, const char *name) { return cuModuleGetFunction(kernel, library, name); }
CU cuLibraryUnload(CUmodule library) { return cuModuleUnload(library); }
CU cuKernelGetFunction(CUfunction *function, CUfunction kernel) { return *function = kernel, CUDA_SUCCESS; }
CU cuKernelGetName(const char **name, CUfunction kernel) { return cuFuncGetName(name, kernel); }
