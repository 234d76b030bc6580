// json_scanner: reads strict JSON (RFC 8259) front to back, as a caller who knows what must come.
//
// There is no tree of values: the header of a safetensors file has one fixed form, so the reader
// asks for exactly that, and anything else is an error that names the file and the byte of the
// header, counted from 0. Only what such headers hold exists: objects, arrays, strings, whole
// numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace gradvar {

// The byte at which `text` stops being UTF-8 (overlong forms and surrogates are none), or npos.
[[nodiscard]] std::size_t first_invalid_utf8(std::string_view text);

// `text` (UTF-8) as a JSON string with its quotes; control characters are escaped.
[[nodiscard]] std::string json_quoted(std::string_view text);

class JsonScanner {
 public:
  // `path` begins every error. `text` must outlive the scanner.
  // Throws std::invalid_argument when the text is not UTF-8.
  JsonScanner(std::string path, std::string_view text);

  // Each member in order; `member` gets the key, already read with its colon, and reads the value.
  // A key that comes twice is refused.
  void object(const std::function<void(const std::string& key)>& member);
  // Each element in order; `element` reads it.
  void array(const std::function<void()>& element);
  // A string with its escapes resolved, \uHHHH and surrogate pairs to UTF-8. `what` names it in
  // errors, as it does below.
  [[nodiscard]] std::string string(std::string_view what);
  // A whole number, 0 or more, that fits 64 bits with a sign.
  [[nodiscard]] std::int64_t whole_number(std::string_view what);
  // Nothing but padding spaces may follow.
  void finish();

  // Throws std::invalid_argument "<path>: header byte <position>: <what>".
  [[noreturn]] void refuse(std::string_view what) const;

 private:
  void skip_space();
  bool take(char c);
  void expect(char c);
  [[nodiscard]] std::string found() const;
  std::uint32_t hex4();
  std::string escape();

  std::string path_;
  std::string_view text_;
  std::size_t position_ = 0;
};

}  // namespace gradvar
