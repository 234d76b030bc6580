// style: the report's style sheet, for screen and paper.
#pragma once

#include <string_view>

namespace gradvar::report {

[[nodiscard]] std::string_view style_sheet();

}  // namespace gradvar::report
