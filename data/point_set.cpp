#include "data/point_set.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "io/atomic_file.h"
#include "io/csv.h"
#include "io/npy.h"
#include "io/number_text.h"
#include "io/safetensors.h"
#include "io/spec.h"

namespace gradvar {

namespace {

// The only tensor of the file, or the one that the key names.
std::string choose_key(const SafetensorsFile& file, const std::string& key) {
  if (!key.empty()) return key;
  const std::vector<std::string> names = file.names();
  if (names.size() == 1) return names.front();
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  refuse_file(file.path(),
              "the file has " + std::to_string(names.size()) + " tensors, expected one" +
                  (list.empty() ? "" : ", or ',key=NAME' behind the path with one of " + list));
}

}  // namespace

PointSet::PointSet(Tensor<double> points, std::string spec, const std::string& source)
    : points_(std::move(points)), spec_(std::move(spec)) {
  const Shape& shape = points_.shape();
  if (shape.rank() == 0 || points_.size() == 0) {
    refuse_file(source, "the points are " + shape.to_string() + ", expected at least one row");
  }
  if (points_.rows() > std::numeric_limits<std::uint32_t>::max()) {
    refuse_file(source, "the points are " + shape.to_string() + ", expected fewer than 2^32 rows");
  }
  if (shape.rank() == 1) points_.reshape(Shape{points_.size(), 1});
  for (std::int64_t i = 0; i < points_.size(); ++i) {
    if (std::abs(points_[i]) <= kLargestCoordinate) continue;
    refuse_file(source,
                "row " + std::to_string(i / points_.row_size() + 1) + ", column " +
                    std::to_string(i % points_.row_size() + 1) + " is " + number_text(points_[i]) +
                    ", expected a finite number" +
                    (std::isfinite(points_[i]) ? " of at most 1e18, whose square fits f32" : ""));
  }
}

PointFile PointFile::parse(const std::string& text) {
  constexpr std::string_view kKey = ",key=";
  PointFile file{text, ""};
  for (const std::string kind : {"csv", "npy", "safetensors"}) {
    if (file.path.starts_with(kind + ":")) file.path.erase(0, kind.size() + 1);
  }
  const std::size_t at = file.path.rfind(kKey);
  if (at != std::string::npos) {
    file.key = file.path.substr(at + kKey.size());
    file.path.resize(at);
  }
  return file;
}

PointSet PointSet::read(const std::string& path, const std::string& key) {
  if (path.ends_with(".safetensors")) {
    const SafetensorsFile file = SafetensorsFile::read(path);
    const std::string name = choose_key(file, key);
    return PointSet(file.tensor<double>(name),
                    SpecWriter("safetensors").positional(path).word("key", name).text(),
                    path + ": tensor '" + name + "'");
  }
  const bool csv = path.ends_with(".csv");
  if (!csv && !path.ends_with(".npy")) {
    refuse_file(path, "the name ends in none of .csv, .npy and .safetensors");
  }
  if (!key.empty()) refuse_file(path, "key=" + key + " is given, but the file has one table only");
  if (csv) return PointSet(read_csv(path).values, SpecWriter("csv").positional(path).text(), path);
  return PointSet(read_npy(path), SpecWriter("npy").positional(path).text(), path);
}

void PointSet::draw_one(const RandomStream& stream, std::uint64_t step, std::uint32_t sample,
                        std::span<double> out) const {
  const auto count = static_cast<std::uint32_t>(points_.rows());
  const std::span<const double> point = points_.row(stream.below(count, step, sample));
  std::copy(point.begin(), point.end(), out.begin());
}

}  // namespace gradvar
