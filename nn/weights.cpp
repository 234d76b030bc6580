#include "nn/weights.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "autograd/check.h"
#include "io/safetensors.h"

namespace gradvar {

namespace {

// "a, b, c and 117 more": of another network's file every name is one too many.
class NameList {
 public:
  void add(const std::string& name) {
    if (++count_ <= kNamed) names_ += (count_ == 1 ? "" : ", ") + name;
  }
  [[nodiscard]] std::string text() const {
    return count_ <= kNamed ? names_ : names_ + " and " + std::to_string(count_ - kNamed) + " more";
  }

 private:
  static constexpr std::int64_t kNamed = 3;
  std::int64_t count_ = 0;
  std::string names_;
};

// What keeps a file from fitting, in one sentence; empty when it fits.
template <class Real>
std::string misfits(const SafetensorsFile& file, const ParameterLayout& layout,
                    std::span<const NamedBlock<Real>> blocks) {
  NameList missing, misshapen, extra;
  std::set<std::string> expected;
  for (const NamedBlock<Real>& block : blocks) {
    for (const ParameterInfo& info : layout.infos()) {
      const std::string name = block.prefix + info.name;
      expected.insert(name);
      if (!file.contains(name)) {
        missing.add(name);
      } else if (!(file.shape(name) == info.shape)) {
        misshapen.add(name + " is " + file.shape(name).to_string() + " instead of " +
                      info.shape.to_string());
      }
    }
  }
  for (const std::string& name : file.names()) {
    if (!expected.contains(name)) extra.add(name);
  }
  std::string sentence;
  const auto add = [&](const std::string& title, const NameList& names) {
    const std::string text = names.text();
    if (!text.empty()) sentence += (sentence.empty() ? "" : "; ") + title + text;
  };
  add("missing: ", missing);
  add("misshapen: ", misshapen);
  add("extra: ", extra);
  return sentence;
}

}  // namespace

template <class Real>
void save_blocks(const std::filesystem::path& path, const ParameterLayout& layout,
                 std::span<const NamedBlock<const Real>> blocks,
                 const std::map<std::string, std::string>& metadata) {
  SafetensorsWriter writer;
  for (const NamedBlock<const Real>& block : blocks) {
    for (int k = 0; k < layout.count(); ++k) {
      const ParameterInfo& info = layout.infos()[k];
      writer.add(block.prefix + info.name, info.shape, layout.slice(block.flat, ParameterId{k}));
    }
  }
  for (const auto& [key, value] : metadata) writer.set_metadata(key, value);
  writer.write(path.string());
}

template <class Real>
std::map<std::string, std::string> load_blocks(const std::filesystem::path& path,
                                               const ParameterLayout& layout,
                                               std::span<const NamedBlock<Real>> blocks) {
  const SafetensorsFile file = SafetensorsFile::read(path.string());
  const std::string sentence = misfits(file, layout, blocks);
  check(sentence.empty(), "weights",
        "'" + path.string() +
            "' does not fit, it should hold exactly the model's parameters: " + sentence);
  // A tensor of a type that cannot be converted throws, so nothing is changed before the last one.
  std::vector<Tensor<Real>> tensors;
  for (const NamedBlock<Real>& block : blocks) {
    for (const ParameterInfo& info : layout.infos()) {
      tensors.push_back(file.template tensor<Real>(block.prefix + info.name));
      const std::span<const Real> values = std::as_const(tensors.back()).values();
      check(std::all_of(values.begin(), values.end(), [](Real x) { return std::isfinite(x); }),
            "weights", [&] {
              return "'" + path.string() + "': tensor '" + block.prefix + info.name +
                     "' holds a number that is not finite";
            });
    }
  }
  std::size_t next = 0;
  for (const NamedBlock<Real>& block : blocks) {
    for (int k = 0; k < layout.count(); ++k, ++next) {
      const std::span<const Real> values = std::as_const(tensors[next]).values();
      std::copy(values.begin(), values.end(), layout.slice(block.flat, ParameterId{k}).begin());
    }
  }
  return file.metadata();
}

template <class Real>
void save_weights(const std::filesystem::path& path, const ParameterSet<Real>& parameters,
                  const std::map<std::string, std::string>& metadata) {
  const NamedBlock<const Real> block{"", parameters.flat()};
  save_blocks<Real>(path, parameters.layout(), {&block, 1}, metadata);
}

template <class Real>
std::map<std::string, std::string> load_weights(const std::filesystem::path& path,
                                                ParameterSet<Real>& parameters) {
  const NamedBlock<Real> block{"", parameters.flat()};
  return load_blocks<Real>(path, parameters.layout(), {&block, 1});
}

template void save_blocks<float>(const std::filesystem::path&, const ParameterLayout&,
                                 std::span<const NamedBlock<const float>>,
                                 const std::map<std::string, std::string>&);
template void save_blocks<double>(const std::filesystem::path&, const ParameterLayout&,
                                  std::span<const NamedBlock<const double>>,
                                  const std::map<std::string, std::string>&);
template std::map<std::string, std::string> load_blocks<float>(const std::filesystem::path&,
                                                               const ParameterLayout&,
                                                               std::span<const NamedBlock<float>>);
template std::map<std::string, std::string> load_blocks<double>(
    const std::filesystem::path&, const ParameterLayout&, std::span<const NamedBlock<double>>);
template void save_weights<float>(const std::filesystem::path&, const ParameterSet<float>&,
                                  const std::map<std::string, std::string>&);
template void save_weights<double>(const std::filesystem::path&, const ParameterSet<double>&,
                                   const std::map<std::string, std::string>&);
template std::map<std::string, std::string> load_weights<float>(const std::filesystem::path&,
                                                                ParameterSet<float>&);
template std::map<std::string, std::string> load_weights<double>(const std::filesystem::path&,
                                                                 ParameterSet<double>&);

}  // namespace gradvar
