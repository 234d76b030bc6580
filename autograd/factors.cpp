#include "autograd/factors.h"

#include <algorithm>

#include "autograd/blas.h"
#include "autograd/convolution.h"

namespace gradvar {

template <class Real>
std::int64_t SampleGradients<Real>::positions() const {
  std::int64_t total = 0;
  for (const Factor<Real>& use : uses) total += use.positions;
  return total;
}

template <class Real>
bool SampleGradients<Real>::all_of_form(typename Factor<Real>::Form form) const {
  return !uses.empty() && std::all_of(uses.begin(), uses.end(),
                                      [&](const Factor<Real>& use) { return use.form == form; });
}

template <class Real>
std::int64_t SampleGradients<Real>::delta_size(const Factor<Real>& use) const {
  return use.form == Factor<Real>::Form::kRows ? size() : use.positions * fan_out;
}

template <class Real>
std::int64_t SampleGradients<Real>::a_size(const Factor<Real>& use) const {
  switch (use.form) {
    case Factor<Real>::Form::kRows:
      return 0;
    case Factor<Real>::Form::kOuter:
      return use.positions * fan_in;
    case Factor<Real>::Form::kPatches:
      return use.grid.image_size();
  }
  return 0;
}

template <class Real>
void SampleGradients<Real>::materialise(std::int64_t n, Arena& scratch, Real* out) const {
  const ArenaScope scope(scratch);
  std::fill_n(out, size(), Real(0));
  for (const Factor<Real>& use : uses) {
    switch (use.form) {
      case Factor<Real>::Form::kRows: {
        const Real* row = use.delta + n * size();
        for (std::int64_t i = 0; i < size(); ++i) out[i] += row[i];
        break;
      }
      case Factor<Real>::Form::kOuter: {
        const std::int64_t t = use.positions;
        blas::gemm(blas::Transpose::kYes, blas::Transpose::kNo, fan_out, fan_in, t, Real(1),
                   use.delta + n * t * fan_out, fan_out, use.a + n * t * fan_in, fan_in, Real(1),
                   out, fan_in);
        break;
      }
      case Factor<Real>::Form::kPatches: {
        Real* tile = scratch.allocate<Real>(2 * size());
        add_patch_products(use, use.delta, n, n + 1, fan_out, scratch, Real(0), tile);
        from_patch_order(use.grid, fan_out, tile, tile + size());
        for (std::int64_t i = 0; i < size(); ++i) out[i] += tile[size() + i];
        break;
      }
    }
  }
}

template <class Real>
void SampleGradients<Real>::materialise_as_made(std::int64_t n, Arena& scratch, Real* out) const {
  if (!all_patches()) {
    materialise(n, scratch, out);
    return;
  }
  Real beta = 0;
  for (const Factor<Real>& use : uses) {
    add_patch_products(use, use.delta, n, n + 1, fan_out, scratch, beta, out);
    beta = 1;
  }
}

template <class Real>
void add_patch_products(const Factor<Real>& use, const Real* delta, std::int64_t begin,
                        std::int64_t end, std::int64_t fan_out, Arena& scratch, Real beta,
                        Real* out) {
  const ArenaScope scope(scratch);
  const PatchGrid& grid = use.grid;
  const std::int64_t rows = grid.tile_rows(sizeof(Real));
  Real* tile = scratch.allocate<Real>(grid.template tile_size<Real>());
  Real* columns = scratch.allocate<Real>(correlation_scratch_size<Real>(fan_out));
  for (std::int64_t n = begin; n < end; ++n) {
    for (std::int64_t i = 0; i < grid.out_height(); i += rows, beta = 1) {
      const std::int64_t last = std::min(i + rows, grid.out_height());
      gather_tile(grid, use.a + n * grid.image_size(), i, last, tile);
      correlate(grid, tile, last - i,
                delta + (n * grid.positions() + i * grid.out_width()) * fan_out, fan_out, columns,
                beta, out);
    }
  }
}

template struct SampleGradients<float>;
template struct SampleGradients<double>;
template void add_patch_products(const Factor<float>&, const float*, std::int64_t, std::int64_t,
                                 std::int64_t, Arena&, float, float*);
template void add_patch_products(const Factor<double>&, const double*, std::int64_t, std::int64_t,
                                 std::int64_t, Arena&, double, double*);

}  // namespace gradvar
