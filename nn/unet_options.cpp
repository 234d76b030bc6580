// The spec of a U-Net: nn/unet.h.

#include <algorithm>
#include <cmath>
#include <string>

#include "autograd/check.h"
#include "io/number_text.h"
#include "io/spec.h"
#include "nn/unet.h"

namespace gradvar {

namespace {

constexpr double kLargest = 1e6;  // of any size or number of channels: products stay exact

void expect(bool holds, const std::string& key, const std::string& found,
            const std::string& expected) {
  check(holds, "unet", [&] { return key + " is " + found + ", expected " + expected; });
}
void expect(bool holds, const std::string& key, std::int64_t found, const std::string& expected) {
  expect(holds, key, std::to_string(found), expected);
}

// "1-2-2".
template <class Number>
std::string joined(const std::vector<Number>& numbers) {
  std::string text;
  for (const Number number : numbers) {
    text += (text.empty() ? "" : "-") + number_text(static_cast<double>(number));
  }
  return text;
}

std::vector<double> split(const std::string& key, const std::string& text) {
  std::vector<double> numbers;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find('-', begin), text.size());
    const std::optional<double> number = number_from_text(text.substr(begin, end - begin));
    expect(number && std::isfinite(*number) && *number > 0 && *number <= kLargest, key,
           "'" + text + "'", "numbers above 0 joined by '-', such as 1-2-2");
    numbers.push_back(*number);
    begin = end + 1;
  }
  return numbers;
}

bool in_range(std::int64_t n) { return n >= 1 && static_cast<double>(n) <= kLargest; }

}  // namespace

std::int64_t UNetOptions::level_channels(std::int64_t level) const {
  return static_cast<std::int64_t>(mult[level] * static_cast<double>(channels));
}

std::int64_t UNetOptions::heads_of(std::int64_t width) const {
  return head_channels > 0 ? width / head_channels : heads;
}

bool UNetOptions::attends(std::int64_t downsampling) const {
  return std::any_of(attention.begin(), attention.end(),
                     [&](std::int64_t pixels) { return size / pixels == downsampling; });
}

double UNetOptions::rough_parameter_count() const {
  double count = 0;
  for (std::int64_t level = 0; level < levels(); ++level) {
    const auto wide = static_cast<double>(level_channels(level));
    // Two convolutions of 9 a block, on the way up the first from twice the channels.
    count += static_cast<double>(blocks) * 45 * wide * wide;
  }
  return count;
}

void UNetOptions::validate() const {
  const std::string count = "1 to 1000000";
  expect(in_range(size), "size", size, count);
  expect(in_range(colors), "colors", colors, count);
  expect(in_range(channels) && channels >= 2, "channels", channels, "2 to 1000000");
  expect(in_range(blocks) && blocks <= 1000, "blocks", blocks, "1 to 1000");
  expect(in_range(heads), "heads", heads, count);
  expect(head_channels == 0 || in_range(head_channels), "head-channels", head_channels, count);
  expect(in_range(groups), "groups", groups, count);
  expect(dropout >= 0 && dropout < 1, "dropout", number_text(dropout), "0 or more and less than 1");
  expect(!mult.empty() && levels() <= 20, "mult", "'" + joined(mult) + "'", "1 to 20 levels");
  for (const std::int64_t pixels : attention) expect(in_range(pixels), "attention", pixels, count);
  const std::int64_t halvings = std::int64_t{1} << (levels() - 1);
  expect(size % halvings == 0, "size", size,
         "a multiple of " + std::to_string(halvings) + ", as mult has " + std::to_string(levels()) +
             " levels and each but the last halves it");
  for (std::int64_t level = 0; level < levels(); ++level) {
    const std::int64_t wide = level_channels(level);
    const std::string found =
        std::to_string(wide) + " at level " + std::to_string(level) + " of mult";
    expect(wide >= 1 && static_cast<double>(wide) <= kLargest && wide % groups == 0,
           "the number of channels", found,
           "a multiple of groups=" + std::to_string(groups) + " (every norm has so many groups)");
    if (!attends(std::int64_t{1} << level) && level + 1 < levels()) continue;
    const bool divides = head_channels > 0 ? wide % head_channels == 0 : wide % heads == 0;
    expect(divides, "the number of channels", found,
           head_channels > 0 ? "a multiple of head-channels=" + std::to_string(head_channels)
                             : "a multiple of heads=" + std::to_string(heads));
  }
}

std::string UNetOptions::spec() const {
  SpecWriter writer("unet");
  writer.integer("size", size)
      .integer("colors", colors)
      .integer("channels", channels)
      .word("mult", joined(mult))
      .integer("blocks", blocks)
      .word("attention", attention.empty() ? "none" : joined(attention))
      .integer("heads", heads);
  if (head_channels > 0) writer.integer("head-channels", head_channels);
  if (scale_shift) writer.flag("scale-shift", scale_shift);
  if (updown) writer.flag("updown", updown);
  if (dropout > 0) writer.number("dropout", dropout);
  if (groups != UNetOptions{}.groups) writer.integer("groups", groups);
  return writer.text();
}

UNetOptions UNetOptions::parse(std::string_view spec) {
  SpecReader reader(spec);
  reader.expect_name("unet");
  reader.require("size");
  UNetOptions options;
  options.size = reader.integer("size", options.size);
  options.colors = reader.integer("colors", options.colors);
  options.channels = reader.integer("channels", options.channels);
  options.mult = split("mult", reader.word("mult", joined(options.mult)));
  options.blocks = reader.integer("blocks", options.blocks);
  const std::string attention = reader.word("attention", joined(options.attention));
  options.attention.clear();
  if (attention != "none") {
    for (const double pixels : split("attention", attention)) {
      expect(pixels == std::floor(pixels), "attention", "'" + attention + "'",
             "whole numbers of pixels joined by '-', or none");
      options.attention.push_back(static_cast<std::int64_t>(pixels));
    }
  }
  options.heads = reader.integer("heads", options.heads);
  options.head_channels = reader.integer("head-channels", options.head_channels);
  options.scale_shift = reader.flag("scale-shift", options.scale_shift);
  options.updown = reader.flag("updown", options.updown);
  options.dropout = reader.number("dropout", options.dropout);
  options.groups = reader.integer("groups", options.groups);
  reader.done();
  options.validate();
  return options;
}

}  // namespace gradvar
