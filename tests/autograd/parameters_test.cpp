#include "autograd/parameters.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "tests/autograd/refusal_of.h"

namespace gradvar::parameters_test {
namespace {

using testing::refusal_of;

TEST(Parameters, LieInOneBlockAtWholeCacheLines) {
  ParameterSet<float> set;
  const ParameterId a = set.add("net.0.weight", {3, 5}), b = set.add("net.0.bias", {17}),
                    c = set.add("scale", {});
  const ParameterLayout& layout = set.layout();
  EXPECT_EQ(layout[a].offset, 0);
  EXPECT_EQ(layout[b].offset, 16);
  EXPECT_EQ(layout[c].offset, 48);
  EXPECT_EQ(layout[c].size(), 1);
  EXPECT_EQ(layout.padded_size(), 64);
  EXPECT_EQ(layout.parameter_count(), 15 + 17 + 1);
  EXPECT_EQ(layout.count(), 3);
  for (const ParameterId id : {a, b, c}) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(set.values(id).data()) % kAlignment, 0u);
  }
}

TEST(Parameters, StartAtZeroAndKeepTheirValuesWhenOthersAreAdded) {
  ParameterSet<double> set;
  const ParameterId a = set.add("a", {2});
  EXPECT_EQ(set.values(a)[1], 0.0);
  set.values(a)[1] = 7;
  const ParameterId b = set.add("b", {1000});
  EXPECT_EQ(set.values(a)[1], 7.0);
  EXPECT_TRUE(std::ranges::all_of(set.values(b), [](double x) { return x == 0; }));
}

TEST(Parameters, AreFoundByName) {
  ParameterSet<float> set;
  (void)set.add("a", {1});
  const ParameterId b = set.add("b", {1});
  EXPECT_EQ(set.layout().find("b"), b);
  EXPECT_FALSE(set.layout().find("c").has_value());
}

TEST(Parameters, OfOneLayerShareTheNameBeforeTheLastDot) {
  ParameterLayout layout;
  for (const char* name : {"net.0.weight", "net.0.bias", "head", "net.2.weight", "net.0.gain"}) {
    (void)layout.add(name, {1});
  }
  EXPECT_EQ(layout.layers(), (std::vector<std::string>{"net.0", "head", "net.2"}));
}

TEST(Parameters, GiveTheirPartOfAnyFlatArray) {
  ParameterLayout layout;
  (void)layout.add("a", {2});
  const ParameterId b = layout.add("b", {3});
  std::vector<int> flat(layout.padded_size());
  for (std::size_t i = 0; i < flat.size(); ++i) flat[i] = static_cast<int>(i);
  const std::span<int> part = layout.slice(std::span<int>(flat), b);
  ASSERT_EQ(part.size(), 3u);
  EXPECT_EQ(part[0], 16);
}

TEST(Parameters, RefuseANameThatIsTaken) {
  ParameterSet<float> set;
  (void)set.add("a", {1});
  EXPECT_EQ(refusal_of([&] { (void)set.add("a", {2}); }), "[parameters] the name 'a' is taken");
  EXPECT_EQ(set.layout().count(), 1);
}

}  // namespace
}  // namespace gradvar::parameters_test
