// cpu_tuning: let OpenBLAS use the vectors the processor has.
//
// OpenBLAS picks its kernels by processor model. A release older than the processor falls back to
// narrower ones: OpenBLAS 0.3.21 on an AMD Zen 5 takes its AVX2 "Haswell" kernels and runs a
// single-threaded f32 product at about half the rate of its AVX-512 "SkylakeX" kernels
// (BM_Gemm in bench/step_bench.cpp). The choice is made when the library is loaded, so the only way
// to correct it from inside is to start the program again with OPENBLAS_CORETYPE set.
#pragma once

namespace gradvar {

// Starts this program again with OPENBLAS_CORETYPE=SkylakeX when the processor has AVX-512,
// OpenBLAS chose kernels without it, and the user has not set OPENBLAS_CORETYPE. Returns otherwise,
// or when starting again fails. Call it first in main(); set OPENBLAS_CORETYPE to anything to
// switch it off.
void use_wide_blas_kernels(char** argv);

}  // namespace gradvar
