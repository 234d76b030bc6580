// The benches run with the same BLAS kernels as the program, and say which.

#include <benchmark/benchmark.h>

#include "autograd/blas.h"
#include "tools/cpu_tuning.h"

int main(int argc, char** argv) {
  gradvar::use_wide_blas_kernels(argv);
  gradvar::blas::use_one_thread();
  benchmark::AddCustomContext("blas",
                              gradvar::blas::version() + ", running " + gradvar::blas::core_name());
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
