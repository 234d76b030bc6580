// memory: the peak memory of a process that does nothing but one kind of step.
//
//   memory plain|variance|norms DIM WIDTH DEPTH B
//
// prints the peak resident size in bytes, less what the process had before the problem was made.
// One process a kind, because a peak never goes down.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/resource.h>

#include "autograd/blas.h"
#include "autograd/collectors/moments.h"
#include "autograd/collectors/norms.h"
#include "autograd/collectors/sum.h"
#include "bench/step_problem.h"

namespace {

long peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace gradvar;
  if (argc != 6) {
    std::fprintf(stderr, "usage: memory plain|variance|norms DIM WIDTH DEPTH B\n");
    return 2;
  }
  blas::use_one_thread();
  const long before = peak_bytes();
  Problem problem(std::atol(argv[2]), std::atol(argv[3]), std::atol(argv[4]), std::atol(argv[5]));
  SumCollector<float> sum;
  MomentsCollector<float> moments;
  NormsCollector<float> norms;
  for (int step = 0; step < 5; ++step) {
    if (std::strcmp(argv[1], "variance") == 0) {
      problem.run({&moments});
    } else if (std::strcmp(argv[1], "norms") == 0) {
      problem.run({&sum, &norms});
    } else {
      problem.run({&sum});
    }
  }
  std::printf("%ld\n", peak_bytes() - before);
  return 0;
}
