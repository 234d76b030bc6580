#include "autograd/check.h"

#include <stdexcept>

namespace gradvar {

namespace {

std::string two(std::string_view name_a, const Shape& a, std::string_view name_b, const Shape& b) {
  return std::string(name_a) + " is " + a.to_string() + ", " + std::string(name_b) + " is " +
         b.to_string();
}

}  // namespace

void fail(std::string_view where, std::string_view what) {
  throw std::invalid_argument("[" + std::string(where) + "] " + std::string(what));
}

void check_same_shape(std::string_view where, std::string_view name_a, const Shape& a,
                      std::string_view name_b, const Shape& b) {
  if (!(a == b)) fail(where, two(name_a, a, name_b, b) + ": the shapes must agree");
}

void check_same_batch(std::string_view where, std::string_view name_a, const Shape& a,
                      std::string_view name_b, const Shape& b) {
  if (a.rank() == 0 || b.rank() == 0 || a.rows() != b.rows()) {
    fail(where, two(name_a, a, name_b, b) + ": the first axis, the batch, must agree");
  }
}

void check_rank_at_least(std::string_view where, std::string_view name, const Shape& shape,
                         int rank) {
  if (shape.rank() < rank) {
    fail(where, std::string(name) + " is " + shape.to_string() + ", expected at least " +
                    std::to_string(rank) + " axes");
  }
}

}  // namespace gradvar
