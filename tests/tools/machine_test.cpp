#include "tools/machine.h"

#include <gtest/gtest.h>

namespace gradvar::machine_test {
namespace {

TEST(Machine, ReadsTheSystemsFiles) {
  EXPECT_EQ(processor_name("processor\t: 0\nmodel\t\t: 85\nmodel name\t: Some CPU @ 2.10GHz\n"),
            "Some CPU @ 2.10GHz");
  EXPECT_EQ(total_memory("MemTotal:       16308492 kB\nMemFree: 1 kB\n"),
            std::uint64_t{16308492} * 1024);
  EXPECT_EQ(system_name("NAME=\"X\"\nPRETTY_NAME=\"X Linux 12 (name)\"\n"), "X Linux 12 (name)");
  EXPECT_EQ(core_limit("150000 100000\n"), 1.5);
  EXPECT_EQ(short_openblas("OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH Haswell"), "OpenBLAS 0.3.21");
}

TEST(Machine, SaysNothingWhereTheSystemSaysNothing) {
  EXPECT_EQ(processor_name(""), "");
  EXPECT_EQ(processor_name("Features : fp asimd\n"), "");
  EXPECT_EQ(total_memory("nothing"), 0u);
  EXPECT_EQ(system_name("NAME=X"), "");
  EXPECT_EQ(core_limit("max 100000\n"), 0);
  EXPECT_EQ(core_limit(""), 0);
  EXPECT_EQ(short_openblas("OpenBLAS"), "OpenBLAS");
  EXPECT_EQ(short_openblas(""), "");
}

TEST(Machine, WritesOneLine) {
  const Machine machine{.processor = "CPU",
                        .cores = 1.5,
                        .memory = std::uint64_t{8} << 30,
                        .system = "OS",
                        .compiler = "g++ 12.2.0",
                        .build = "Release (-O3)",
                        .openblas = "OpenBLAS 0.3.21",
                        .openblas_core = "Haswell",
                        .gradvar_version = "0.1.0"};
  EXPECT_EQ(
      machine.line(),
      "gradvar 0.1.0; CPU; 1.5 cores; 8.0 GiB; OS; g++ 12.2.0; Release (-O3); OpenBLAS 0.3.21 "
      "(Haswell)");
}

TEST(Machine, KnowsThisOne) {
  const Machine machine = describe_machine();
  EXPECT_GT(machine.cores, 0);
  EXPECT_EQ(machine.openblas.rfind("OpenBLAS", 0), 0u);
  for (const auto& [term, value] : machine.items()) EXPECT_FALSE(value.empty()) << term;
}

}  // namespace
}  // namespace gradvar::machine_test
