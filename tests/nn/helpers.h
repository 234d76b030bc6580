// helpers: what the tests of nn share.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

#include "autograd/parameters.h"
#include "autograd/random.h"

namespace gradvar::testing {

// The sentence of the std::invalid_argument that the call throws.
inline std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "nothing was refused";
}

// Standard normals, a stream for each `which`.
template <class Real>
Tensor<Real> noise(std::uint64_t which, const Shape& shape) {
  std::vector<double> draws(shape.size());
  RandomStream(11, Purpose::kTest).normals<double>(which, 0, draws);
  Tensor<Real> values(shape);
  for (std::size_t i = 0; i < draws.size(); ++i) values[i] = static_cast<Real>(draws[i]);
  return values;
}

// Two parameters, a [3] and b [2,2], filled from noise. Their offsets leave padding.
template <class Real>
ParameterSet<Real> two_parameters() {
  ParameterSet<Real> parameters;
  for (const ParameterId id : {parameters.add("a", {3}), parameters.add("b", {2, 2})}) {
    const std::span<Real> values = parameters.values(id);
    const Tensor<Real> drawn =
        noise<Real>(id.index, Shape{static_cast<std::int64_t>(values.size())});
    std::copy(drawn.values().begin(), drawn.values().end(), values.begin());
  }
  return parameters;
}

template <class Real>
std::vector<Real> copy_of(std::span<const Real> values) {
  return {values.begin(), values.end()};
}

// A directory of its own for each test, removed at the end.
class DirectoryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static std::atomic<int> next{0};
    directory_ = std::filesystem::temp_directory_path() /
                 ("gradvar-nn-" + std::to_string(::getpid()) + "-" + std::to_string(next++));
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path directory_;
};

}  // namespace gradvar::testing
