// field: a velocity v(x, t), as a solver sees it.
//
// Every row has its own time, because an adaptive solver takes every sample along its own steps.
// Rows never mix: row n of the velocity depends on row n of x and t alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "autograd/lanes.h"
#include "autograd/tape.h"
#include "nn/model.h"

namespace gradvar {

template <class Real>
class Field {
 public:
  virtual ~Field() = default;

  // The shape of one sample x, without the batch.
  [[nodiscard]] virtual Shape sample_shape() const = 0;
  // Fills out [rows, sample...] with v(x_n, t_n), x [rows, sample...], t [rows]. Zero rows are
  // fine. Throws std::invalid_argument when a span is of another size.
  virtual void velocity(std::span<const Real> x, std::span<const Real> t, std::int64_t rows,
                        std::span<Real> out) const = 0;

 protected:
  void check_sizes(std::span<const Real> x, std::span<const Real> t, std::int64_t rows,
                   std::span<Real> out) const;
};

// How many rows of samples of this shape a network is asked for at once: 256, fewer for images,
// whose values inside a network are some thousands of times as many as a point's.
[[nodiscard]] std::int64_t usual_block_rows(const Shape& sample);

// A network. Rows are evaluated in blocks of a fixed number, blocks are shared out over the pool's
// threads, and a task keeps one tape for all of its blocks: the result has the same bits for any
// number of threads. A row's last bits may depend on how many rows its block has, since matrix
// products round differently in their tails.
template <class Real>
class NetworkField final : public Field<Real> {
 public:
  // Model and pool must outlive the field; the parameters may change between calls. Blocks are of
  // usual_block_rows, or of block_rows. Throws std::invalid_argument unless block_rows >= 1.
  NetworkField(const Model<Real>& model, LanePool& pool);
  NetworkField(const Model<Real>& model, LanePool& pool, std::int64_t block_rows);

  [[nodiscard]] Shape sample_shape() const override { return model_.sample_shape(); }
  // Uses the pool, and tapes that are kept between calls: one call at a time.
  void velocity(std::span<const Real> x, std::span<const Real> t, std::int64_t rows,
                std::span<Real> out) const override;

 private:
  void evaluate_block(Tape<Real>& tape, std::span<const Real> x, std::span<const Real> t,
                      std::int64_t rows, std::span<Real> out) const;

  const Model<Real>& model_;
  LanePool& pool_;
  std::int64_t block_rows_;
  mutable std::vector<std::unique_ptr<Tape<Real>>> tapes_;  // by task
};

// A closed form, row by row.
template <class Real>
class FunctionField final : public Field<Real> {
 public:
  // Fills v, the velocity of one sample x at time t.
  using Function = std::function<void(std::span<const Real> x, Real t, std::span<Real> v)>;

  FunctionField(const Shape& sample_shape, Function function);

  [[nodiscard]] Shape sample_shape() const override { return sample_shape_; }
  void velocity(std::span<const Real> x, std::span<const Real> t, std::int64_t rows,
                std::span<Real> out) const override;

 private:
  Shape sample_shape_;
  Function function_;
};

}  // namespace gradvar
