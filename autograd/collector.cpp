#include "autograd/collector.h"

namespace gradvar {

template <class Real>
void offer(std::span<Collector<Real>* const> collectors, const SampleGradients<Real>& gradients,
           const LaneRows<Real>& rows, Arena& scratch) {
  for (Collector<Real>* collector : collectors) {
    if (!collector->folds(gradients)) collector->collect(gradients, rows, scratch);
  }
  // What collect() took may have to last; from here on everything is given back.
  const ArenaScope scope(scratch);
  auto** folds =
      scratch.allocate<GradientFold<Real>*>(static_cast<std::int64_t>(collectors.size()));
  int count = 0;
  for (Collector<Real>* collector : collectors) {
    if (!collector->folds(gradients)) continue;
    folds[count] = collector->fold(gradients, rows, scratch);
    if (folds[count] != nullptr) ++count;
  }
  if (count == 0) return;
  Real* g = scratch.allocate<Real>(gradients.size());
  for (std::int64_t n = 0; n < gradients.batch; ++n) {
    gradients.materialise_as_made(n, scratch, g);
    for (int i = 0; i < count; ++i) folds[i]->take(n, g);
  }
  for (int i = 0; i < count; ++i) folds[i]->finish();
}

template void offer(std::span<Collector<float>* const>, const SampleGradients<float>&,
                    const LaneRows<float>&, Arena&);
template void offer(std::span<Collector<double>* const>, const SampleGradients<double>&,
                    const LaneRows<double>&, Arena&);

}  // namespace gradvar
