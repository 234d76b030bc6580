// memory: the peak memory of a process that does nothing but one kind of step.
//
//   memory plain|variance|norms DIM WIDTH DEPTH B     a perceptron, bench/step_problem.h
//   memory plain|variance|norms unet SIZE B           a U-Net, bench/unet_problem.h
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
#include "bench/unet_problem.h"

namespace {

long peak_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

// Five steps with the collectors of the kind.
template <class Step>
void take_steps(const char* kind, const Step& step) {
  using namespace gradvar;
  SumCollector<float> sum;
  MomentsCollector<float> moments;
  NormsCollector<float> norms;
  for (int k = 0; k < 5; ++k) {
    if (std::strcmp(kind, "variance") == 0) {
      step({&moments});
    } else if (std::strcmp(kind, "norms") == 0) {
      step({&sum, &norms});
    } else {
      step({&sum});
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  using namespace gradvar;
  using Collectors = std::initializer_list<Collector<float>*>;
  const bool unet = argc == 5 && std::strcmp(argv[2], "unet") == 0;
  if (!unet && argc != 6) {
    std::fprintf(stderr,
                 "usage: memory plain|variance|norms DIM WIDTH DEPTH B\n"
                 "       memory plain|variance|norms unet SIZE B\n");
    return 2;
  }
  blas::use_one_thread();
  const long before = peak_bytes();
  if (unet) {
    Images images(std::atol(argv[3]), std::atol(argv[4]));
    take_steps(argv[1], [&](Collectors c) { images.run(images.engine, 0, images.batch, c); });
  } else {
    Problem problem(std::atol(argv[2]), std::atol(argv[3]), std::atol(argv[4]), std::atol(argv[5]));
    take_steps(argv[1], [&](Collectors c) { problem.run(c); });
  }
  std::printf("%ld\n", peak_bytes() - before);
  return 0;
}
