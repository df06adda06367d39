#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace cohort::cli {

// `text` as HTML text or attribute value: model text is hostile, so every byte of it passes here. Control characters other than line breaks and
// tabs become U+FFFD, as do bytes that are not UTF-8.
std::string EscapeHtml(absl::string_view text);

// `json` so that it can stand in a <script> element.
std::string EscapeScript(absl::string_view json);

// 1234.5 -> "1,235", 12.345 -> "12.3", 0.01234 -> "0.0123".
std::string HumanNumber(double value);

// 0.934 -> "93.4 %".
std::string Percent(double share);

// 75 -> "1 min 15 s", 4000 -> "1 h 7 min".
std::string HumanDuration(double seconds);

}  // namespace cohort::cli
