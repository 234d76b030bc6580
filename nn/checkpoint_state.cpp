#include "nn/checkpoint_state.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include "autograd/check.h"
#include "io/atomic_file.h"

namespace gradvar {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kFirstLine = "gradvar checkpoint 1\n";
constexpr const char* kStateFile = "state.txt";

// FNV-1a, 64 bits (Fowler, Noll and Vo), as 16 hexadecimal digits.
std::string hash_of(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
  std::string text(16, '0');
  for (int i = 15; i >= 0; --i, hash >>= 4) text[i] = "0123456789abcdef"[hash & 15];
  return text;
}

template <class Integer>
std::optional<Integer> integer(std::string_view text) {
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The file's bytes; a missing one is damage.
std::string bytes_of(const fs::path& checkpoint, const std::string& name) {
  try {
    return read_file((checkpoint / name).string());
  } catch (const std::invalid_argument& error) {
    refuse_checkpoint(checkpoint, error.what());
  }
}

void check_file(const fs::path& checkpoint, const std::string& name, const std::string& size,
                const std::string& hash) {
  const std::string bytes = bytes_of(checkpoint, name);
  if (std::to_string(bytes.size()) != size) {
    refuse_checkpoint(checkpoint,
                      name + " has " + std::to_string(bytes.size()) + " bytes, expected " + size);
  }
  if (hash_of(bytes) != hash) {
    refuse_checkpoint(checkpoint, "the bytes of " + name + " are not those that were written");
  }
}

// The first word of a line, which is cut off with the space behind it.
std::string take_word(std::string_view& line) {
  const std::size_t space = line.find(' ');
  std::string word(line.substr(0, space));
  line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
  return word;
}

}  // namespace

void refuse_checkpoint(const fs::path& checkpoint, const std::string& what) {
  fail("checkpoint", "'" + checkpoint.string() + "' is damaged: " + what);
}

void check_specs(const CheckpointState& state) {
  for (const auto& [name, spec] : state.specs) {
    check(!name.empty() && name.find_first_of(" \n\r\t") == std::string::npos, "checkpoint",
          "a spec is called '" + name + "', expected one word");
    check(spec.find_first_of("\n\r") == std::string::npos, "checkpoint",
          "the spec '" + name + "' has a line break in it, expected one line");
  }
}

void write_checkpoint_state(const fs::path& directory, const CheckpointState& state,
                            const std::vector<std::string>& files) {
  std::ostringstream text;
  text << kFirstLine << "precision " << state.precision << "\nstep " << std::to_string(state.step)
       << "\nseed " << std::to_string(state.seed) << '\n';
  for (const auto& [name, spec] : state.specs) text << "spec " << name << ' ' << spec << '\n';
  for (const std::string& name : files) {
    const std::string bytes = bytes_of(directory, name);
    text << "file " << name << ' ' << std::to_string(bytes.size()) << ' ' << hash_of(bytes) << '\n';
  }
  const std::string lines = text.str();
  write_file((directory / kStateFile).string(), lines + "hash " + hash_of(lines) + '\n');
}

CheckpointContents read_checkpoint_state(const fs::path& directory) {
  check(fs::is_directory(directory), "checkpoint",
        "'" + directory.string() + "' is not there, expected a checkpoint's directory");
  const std::string text = bytes_of(directory, kStateFile);
  const std::size_t last = text.rfind("hash ");
  if (!text.starts_with(kFirstLine) || last == std::string::npos ||
      text.substr(last) != "hash " + hash_of(std::string_view(text).substr(0, last)) + '\n') {
    refuse_checkpoint(directory, "the bytes of state.txt are not those that were written");
  }
  CheckpointContents contents;
  std::istringstream lines(text.substr(0, last));
  std::string whole;
  std::getline(lines, whole);  // the first line
  while (std::getline(lines, whole)) {
    std::string_view line = whole;
    const std::string key = take_word(line);
    if (key == "precision") {
      contents.state.precision = line;
    } else if (key == "step") {
      contents.state.step = integer<std::int64_t>(line).value_or(-1);
    } else if (key == "seed") {
      contents.state.seed = integer<std::uint64_t>(line).value_or(0);
    } else if (key == "spec") {
      const std::string name = take_word(line);
      contents.state.specs[name] = line;
    } else {
      const std::string name = take_word(line), size = take_word(line);
      check_file(directory, name, size, std::string(line));
      contents.files.push_back(name);
    }
  }
  return contents;
}

}  // namespace gradvar
