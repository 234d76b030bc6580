// point_set: finitely many given points, each drawn with the same probability.
#pragma once

#include <string>

#include "data/distribution.h"

namespace gradvar {

// Squares of larger coordinates, and sums of some hundred of them, do not fit f32.
inline constexpr double kLargestCoordinate = 1e18;

// A file of points as the user names it: "x.npy", "x.safetensors,key=NAME", or with the kind in
// front as in a spec, "safetensors:x.safetensors,key=NAME".
struct PointFile {
  std::string path, key;  // the key may be empty
  [[nodiscard]] static PointFile parse(const std::string& text);
};

class PointSet final : public Distribution {
 public:
  // points [N, sample...]; one axis [N] becomes [N, 1]. `spec` is what spec() returns, the text
  // that makes the set again; `source` begins the errors. Throws std::invalid_argument when there
  // are no points, or a value is not finite or beyond kLargestCoordinate, naming its row and column
  // counted from 1.
  PointSet(Tensor<double> points, std::string spec, const std::string& source = "points");

  // Reads a .csv, .npy or .safetensors file. Of a safetensors file, `key` chooses the tensor; it
  // may be empty when there is only one. Throws std::invalid_argument for other endings, a key
  // where none belongs, and everything the readers refuse. The spec is "csv:PATH", "npy:PATH" or
  // "safetensors:PATH,key=KEY".
  [[nodiscard]] static PointSet read(const std::string& path, const std::string& key = "");
  [[nodiscard]] static PointSet read(const PointFile& file) { return read(file.path, file.key); }

  [[nodiscard]] Shape sample_shape() const override { return points_.shape().sample(); }
  [[nodiscard]] std::string spec() const override { return spec_; }
  [[nodiscard]] const Tensor<double>* points() const override { return &points_; }

 protected:
  // Uniform with replacement.
  void draw_one(const RandomStream& stream, std::uint64_t step, std::uint32_t sample,
                std::span<double> out) const override;

 private:
  Tensor<double> points_;
  std::string spec_;
};

}  // namespace gradvar
