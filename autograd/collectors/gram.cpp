#include "autograd/collectors/gram.h"

#include <algorithm>
#include <string>

#include "autograd/blas.h"
#include "autograd/check.h"

namespace gradvar {

namespace {

using blas::Transpose;

// Samples [begin, end) of a parameter against samples [other_begin, other_end).
struct Block {
  std::int64_t begin, end, other_begin, other_end;
  [[nodiscard]] std::int64_t rows() const { return end - begin; }
  [[nodiscard]] std::int64_t columns() const { return other_end - other_begin; }
};

// out [rows, columns] = X_begin.. Y_other..^T for matrices with `columns` columns, rows `stride`
// apart.
template <class Real>
void products(const Real* x, std::int64_t x_stride, const Real* y, std::int64_t y_stride,
              std::int64_t columns, const Block& block, Real* out) {
  blas::gemm(Transpose::kNo, Transpose::kYes, block.rows(), block.columns(), columns, Real(1),
             x + block.begin * x_stride, x_stride, y + block.other_begin * y_stride, y_stride,
             Real(0), out, block.columns());
}

template <class Real>
void add_positions(const SampleGradients<Real>& g, const Block& block, Arena& scratch,
                   double* out) {
  const ArenaScope scope(scratch);
  const std::int64_t p = g.fan_out, d = g.fan_in, size = block.rows() * block.columns();
  Real* a_products = scratch.allocate<Real>(size);
  Real* delta_products = scratch.allocate<Real>(size);
  for (const Factor<Real>& left : g.uses) {
    for (const Factor<Real>& right : g.uses) {
      const std::int64_t lt = left.positions, rt = right.positions;
      for (std::int64_t t = 0; t < lt; ++t) {
        for (std::int64_t s = 0; s < rt; ++s) {
          products(left.a + t * d, lt * d, right.a + s * d, rt * d, d, block, a_products);
          products(left.delta + t * p, lt * p, right.delta + s * p, rt * p, p, block,
                   delta_products);
          for (std::int64_t i = 0; i < size; ++i) {
            out[i] += static_cast<double>(a_products[i]) * static_cast<double>(delta_products[i]);
          }
        }
      }
    }
  }
}

// Gradients as whole rows: given so, or made so.
template <class Real>
void add_whole(const SampleGradients<Real>& g, const Block& block, Arena& scratch, double* out) {
  const ArenaScope scope(scratch);
  const std::int64_t size = g.size();
  const auto whole = [&](std::int64_t begin, std::int64_t end) -> const Real* {
    if (g.single_rows()) return g.uses[0].delta + begin * size;
    Real* rows = scratch.allocate<Real>((end - begin) * size);
    for (std::int64_t n = begin; n < end; ++n) g.materialise(n, scratch, rows + (n - begin) * size);
    return rows;
  };
  const Real* left = whole(block.begin, block.end);
  const Real* right =
      block.begin == block.other_begin ? left : whole(block.other_begin, block.other_end);
  Real* inner = scratch.allocate<Real>(block.rows() * block.columns());
  products(left, size, right, size, size, {0, block.rows(), 0, block.columns()}, inner);
  for (std::int64_t i = 0; i < block.rows() * block.columns(); ++i) {
    out[i] += static_cast<double>(inner[i]);
  }
}

template <class Real>
void add_block(const SampleGradients<Real>& g, const Block& block, Arena& scratch, double* out) {
  switch (plan_gram(g, g.batch)) {
    case Formula::kFactored:
    case Formula::kPositions:
      add_positions(g, block, scratch, out);
      break;
    case Formula::kRows:
    case Formula::kFolded:
      add_whole(g, block, scratch, out);
      break;
  }
}

}  // namespace

template <class Real>
void GramCollector<Real>::begin(const ParameterLayout& layout, const BatchPlan<Real>& plan) {
  batch_ = plan.batch;
  kept_.clear();
  kept_.resize(layout.count());
  locks_.clear();
  for (int k = 0; k < layout.count(); ++k) locks_.push_back(std::make_unique<std::mutex>());
}

template <class Real>
void GramCollector<Real>::keep_room(const SampleGradients<Real>& gradients, Kept& kept) const {
  const auto room = [&](std::int64_t columns) -> const Real* {
    return kept.memory.emplace_back(Shape{batch_, columns}).data();
  };
  for (const Factor<Real>& use : gradients.uses) {
    Factor<Real>& copy = kept.uses.emplace_back(use);
    copy.delta = room(gradients.delta_size(use));
    if (gradients.a_size(use) > 0) copy.a = room(gradients.a_size(use));
  }
  kept.gradients = gradients;
  kept.gradients.batch = batch_;
  kept.gradients.uses = kept.uses;
}

template <class Real>
void GramCollector<Real>::collect(const SampleGradients<Real>& gradients,
                                  const LaneRows<Real>& rows, Arena&) {
  Kept& kept = kept_[gradients.parameter.index];
  {
    const std::lock_guard lock(*locks_[gradients.parameter.index]);
    if (kept.uses.empty()) keep_room(gradients, kept);
  }
  const auto fits = [&](const Factor<Real>& use, const Factor<Real>& room) {
    return use.form == room.form && use.positions == room.positions &&
           gradients.a_size(use) == gradients.a_size(room);
  };
  check(std::equal(gradients.uses.begin(), gradients.uses.end(), kept.uses.begin(), kept.uses.end(),
                   fits),
        "gram", [&] {
          return "samples use parameter " + std::to_string(gradients.parameter.index) +
                 " in different ways, expected the same operations in every lane";
        });
  std::size_t next = 0;
  const auto copy = [&](const Real* from) {
    Tensor<Real>& to = kept.memory[next++];
    std::copy_n(from, rows.count * to.row_size(), to.data() + rows.begin * to.row_size());
  };
  for (const Factor<Real>& use : gradients.uses) {
    copy(use.delta);
    if (gradients.a_size(use) > 0) copy(use.a);
  }
}

template <class Real>
Tensor<double> GramCollector<Real>::gram_of(std::span<const ParameterId> parameters,
                                            LanePool& pool) const {
  std::vector<Block> blocks;  // the lower triangle
  for (std::int64_t i = 0; i < batch_; i += kGramBlock) {
    for (std::int64_t j = 0; j <= i; j += kGramBlock) {
      blocks.push_back({i, std::min(i + kGramBlock, batch_), j, std::min(j + kGramBlock, batch_)});
    }
  }
  Tensor<double> gram(Shape{batch_, batch_});
  pool.run(static_cast<int>(blocks.size()), [&](int i) {
    const Block& block = blocks[i];
    Arena scratch;
    double* sums = scratch.allocate<double>(block.rows() * block.columns());
    std::fill_n(sums, block.rows() * block.columns(), 0.0);
    for (const ParameterId parameter : parameters) {
      const Kept& kept = kept_[parameter.index];
      if (!kept.uses.empty()) add_block(kept.gradients, block, scratch, sums);
    }
    for (std::int64_t n = block.begin; n < block.end; ++n) {
      for (std::int64_t m = block.other_begin; m < std::min(block.other_end, n + 1); ++m) {
        const double sum = sums[(n - block.begin) * block.columns() + m - block.other_begin];
        gram[n * batch_ + m] = sum;
        gram[m * batch_ + n] = sum;
      }
    }
  });
  return gram;
}

template <class Real>
void GramCollector<Real>::merge(LanePool& pool) {
  std::vector<ParameterId> all;
  all.reserve(kept_.size());
  for (std::int32_t k = 0; k < static_cast<std::int32_t>(kept_.size()); ++k) all.push_back({k});
  gram_ = gram_of(all, pool);
}

template class GramCollector<float>;
template class GramCollector<double>;

}  // namespace gradvar
