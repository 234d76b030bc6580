#include "io/csv.h"

#include <gtest/gtest.h>
#include <limits>

#include "io/atomic_file.h"
#include "tests/io/error_of.h"
#include "tests/io/scratch_directory.h"

namespace gradvar::csv_test {
namespace {

using testing::error_of;
using testing::ScratchDirectory;

CsvTable read_text(const std::string& text) {
  const ScratchDirectory scratch;
  write_file(scratch / "points.csv", text);
  return read_csv(scratch / "points.csv");
}

// The refusal without the directory of the file.
std::string refusal(const std::string& text) {
  const std::string error = error_of([&] { (void)read_text(text); });
  const std::size_t name = error.find("points.csv");
  return name == std::string::npos ? error : error.substr(name);
}

void expect_values(const CsvTable& table, const Shape& shape, const std::vector<double>& values) {
  ASSERT_EQ(table.values.shape(), shape) << table.values.shape().to_string();
  for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(table.values.data()[i], values[i]);
}

TEST(Csv, ReadsRowsAndColumns) {
  const CsvTable table = read_text("1,2,3\n-4.5,5e-1,+6\n");
  expect_values(table, Shape{2, 3}, {1, 2, 3, -4.5, 0.5, 6});
  EXPECT_TRUE(table.header.empty());
}

TEST(Csv, ReadsOneNumberWithoutANewline) { expect_values(read_text("7"), Shape{1, 1}, {7}); }

TEST(Csv, SkipsCommentsBlankLinesSpacesAndCarriageReturns) {
  const CsvTable table =
      read_text("\xEF\xBB\xBF# made by hand\r\n\r\n x , y\r\n 1 ,\t2\r\n  # more\r\n\n3,4");
  expect_values(table, Shape{2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(table.header, (std::vector<std::string>{"x", "y"}));
}

TEST(Csv, TakesALineWithoutAnyNumberForTheHeaderOnlyAtTheTop) {
  EXPECT_EQ(read_text("a b\n1\n").header, std::vector<std::string>{"a b"});
  EXPECT_EQ(refusal("x,1\n2,3\n"), "points.csv:1: column 1 is 'x', expected a number");
  EXPECT_EQ(refusal("1,2\nx,y\n"), "points.csv:2: column 1 is 'x', expected a number");
  EXPECT_EQ(refusal("nan,inf\n1,2\n"), "points.csv:1: column 1 is 'nan', expected a finite number");
}

TEST(Csv, NamesTheLineAndTheColumnOfABadField) {
  std::string text = "x,y,z\n\n";
  for (int line = 3; line < 17; ++line) text += "1,2,3\n";
  EXPECT_EQ(refusal(text + "1,2,abc\n"), "points.csv:17: column 3 is 'abc', expected a number");
}

TEST(Csv, RefusesEmptyFields) {
  EXPECT_EQ(refusal("1,,3\n"), "points.csv:1: column 2 is empty, expected a number");
  EXPECT_EQ(refusal("1,2\n3,\n"), "points.csv:2: column 2 is empty, expected a number");
}

TEST(Csv, RefusesWhatIsNotFinite) {
  for (const std::string word : {"nan", "inf", "-inf", "NaN", "Infinity"}) {
    EXPECT_EQ(refusal("1\n" + word + "\n"),
              "points.csv:2: column 1 is '" + word + "', expected a finite number");
  }
}

TEST(Csv, RefusesRaggedRows) {
  EXPECT_EQ(refusal("1,2\n3,4\n5\n"),
            "points.csv:3: 1 columns found, 2 expected as in the first line");
  EXPECT_EQ(refusal("x,y\n3,4,5\n"),
            "points.csv:2: 3 columns found, 2 expected as in the first line");
}

TEST(Csv, RefusesATableWithoutRows) {
  for (const char* text : {"", "\n\n", "# nothing\n", "x,y\n"}) {
    EXPECT_EQ(refusal(text), "points.csv: no rows found, expected a table of numbers");
  }
}

TEST(Csv, RefusesAMissingFile) {
  EXPECT_EQ(error_of([] { (void)read_csv("no/such.csv"); }),
            "cannot read 'no/such.csv': No such file or directory");
}

TEST(Csv, ReadsBackExactlyWhatWasWritten) {
  const ScratchDirectory scratch;
  using Limits = std::numeric_limits<double>;
  const std::vector<double> values{1.0 / 3.0, -1e-300, Limits::max(), Limits::denorm_min(), 0, -7};
  const std::vector<std::string> header{"x", "y"};
  write_csv(scratch / "a.csv", header, Tensor<double>(Shape{3, 2}, values));
  const CsvTable table = read_csv(scratch / "a.csv");
  EXPECT_EQ(table.header, header);
  expect_values(table, Shape{3, 2}, values);
}

TEST(Csv, WritesPlainText) {
  const ScratchDirectory scratch;
  const std::vector<double> values{1, 0.5, -2, 1e-5};
  write_csv(scratch / "a.csv", {}, Tensor<double>(Shape{2, 2}, values));
  EXPECT_EQ(read_file(scratch / "a.csv"), "1,0.5\n-2,1e-05\n");
}

TEST(Csv, RefusesAHeaderThatDoesNotFit) {
  const ScratchDirectory scratch;
  const auto refuse = [&](const std::vector<std::string>& header, const Shape& shape) {
    return error_of([&] { write_csv(scratch / "a.csv", header, Tensor<double>(shape)); });
  };
  EXPECT_EQ(refuse({"x"}, Shape{1, 2}),
            "[write_csv] the header has 1 names, values are 1x2: one name a column expected");
  EXPECT_EQ(refuse({}, Shape{4}), "[write_csv] values are 4, expected rows x columns");
  for (const std::string name : {"", "1", "nan", "#x", "a,b", "a\nb", " x"}) {
    EXPECT_EQ(refuse({name}, Shape{1, 1}),
              "[write_csv] the column name '" + name + "' cannot stand in a header");
  }
  EXPECT_EQ(scratch.count(), 0);
}

}  // namespace
}  // namespace gradvar::csv_test
