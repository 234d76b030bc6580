#include "tools/cpu_tuning.h"

#include <cstdlib>
#include <string>
#include <unistd.h>

#include "autograd/blas.h"

namespace gradvar {

namespace {

constexpr const char* kVariable = "OPENBLAS_CORETYPE";

bool processor_has_avx512() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
#else
  return false;
#endif
}

bool kernels_are_narrow(const std::string& core) { return core == "Haswell" || core == "Zen"; }

}  // namespace

void use_wide_blas_kernels(char** argv) {
  if (std::getenv(kVariable) != nullptr || !processor_has_avx512() ||
      !kernels_are_narrow(blas::core_name())) {
    return;
  }
  if (setenv(kVariable, "SkylakeX", 1) != 0) return;
  execv("/proc/self/exe", argv);
  unsetenv(kVariable);  // execv returns only when it failed
}

}  // namespace gradvar
