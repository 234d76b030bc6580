#include "data/student_t.h"

#include <cmath>
#include <vector>

#include "autograd/check.h"
#include "io/number_text.h"
#include "io/spec.h"

namespace gradvar {

StudentT::StudentT(const StudentTOptions& options) : options_(options) {
  constexpr std::string_view kWhere = "student-t";
  check(options.dim >= 1, kWhere, "dim is " + std::to_string(options.dim) + ", expected 1 or more");
  check(options.df >= 1 && options.df <= kMostDegrees, kWhere,
        "df is " + std::to_string(options.df) + ", expected 1 to " + std::to_string(kMostDegrees));
  check(std::isfinite(options.scale) && options.scale > 0, kWhere,
        "scale is " + number_text(options.scale) + ", expected a number above 0");
}

void StudentT::draw_one(const RandomStream& stream, std::uint64_t step, std::uint32_t sample,
                        std::span<double> out) const {
  const auto degrees = static_cast<std::size_t>(options_.df);
  std::vector<double> normals(degrees + out.size());
  stream.normals<double>(step, sample, normals);
  double squares = 0;
  for (std::size_t i = 0; i < degrees; ++i) squares += normals[i] * normals[i];
  const double factor = options_.scale * std::sqrt(static_cast<double>(options_.df) / squares);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = factor * normals[degrees + i];
}

std::string StudentT::spec() const {
  return SpecWriter("student-t")
      .integer("dim", options_.dim)
      .integer("df", options_.df)
      .number("scale", options_.scale)
      .text();
}

}  // namespace gradvar
