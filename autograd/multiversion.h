// multiversion: compile a function several times and choose one when the program starts.
//
// GRADVAR_MULTIVERSION before a function makes a baseline, an AVX2+FMA and an AVX-512 version; the
// loader picks by what the processor has. The function should be one plain loop, or call templates
// marked always_inline, so that the loop itself is compiled in each version. Thread sanitizer's
// runtime is not up yet when the loader chooses, so there it is off.
#pragma once

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define GRADVAR_NO_MULTIVERSION
#endif
#endif
#if defined(__SANITIZE_THREAD__) || !defined(__x86_64__) || !defined(__linux__)
#define GRADVAR_NO_MULTIVERSION
#endif

#if defined(GRADVAR_NO_MULTIVERSION)
#define GRADVAR_MULTIVERSION
#else
#define GRADVAR_MULTIVERSION \
  __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#endif
#define GRADVAR_ALWAYS_INLINE [[gnu::always_inline]] inline

// A loop whose blocks are sized by the registers there are is written for two widths. The wide one
// is compiled for AVX-512 alone, by GRADVAR_AVX512, and must not be called where there is none.
#if defined(GRADVAR_NO_MULTIVERSION)
#define GRADVAR_AVX512
#else
#define GRADVAR_AVX512 __attribute__((target("arch=x86-64-v4")))
#endif

namespace gradvar {

enum class VectorWidth { kNarrow, kWide };

// kWide where the processor has AVX-512.
[[nodiscard]] inline VectorWidth widest_vectors() {
#if defined(GRADVAR_NO_MULTIVERSION)
  return VectorWidth::kNarrow;
#else
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                 __builtin_cpu_supports("avx512vl")
             ? VectorWidth::kWide
             : VectorWidth::kNarrow;
#endif
}

}  // namespace gradvar
