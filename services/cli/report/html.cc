#include "services/cli/report/html.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace cohort::cli {
namespace {

// Length of the UTF-8 character at the beginning of `text`; 0 when there is none.
size_t CharacterLength(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  size_t length = 1;
  if (byte(0) >= 0xF5 || (byte(0) >= 0x80 && byte(0) < 0xC2)) return 0;
  if (byte(0) >= 0xC2) length = byte(0) < 0xE0 ? 2 : byte(0) < 0xF0 ? 3 : 4;
  if (text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

bool IsControl(char byte) {
  const auto code = static_cast<unsigned char>(byte);
  return (code < 0x20 && byte != '\n' && byte != '\t') || code == 0x7F;
}

void AppendEscaped(absl::string_view character, std::string& out) {
  switch (character[0]) {
    case '&': out += "&amp;"; return;
    case '<': out += "&lt;"; return;
    case '>': out += "&gt;"; return;
    case '"': out += "&quot;"; return;
    case '\'': out += "&#39;"; return;
    default: absl::StrAppend(&out, character);
  }
}

}  // namespace

std::string EscapeHtml(absl::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    if (length == 0 || IsControl(text[0])) {
      out += "\xEF\xBF\xBD";
      text.remove_prefix(1);
      continue;
    }
    AppendEscaped(text.substr(0, length), out);
    text.remove_prefix(length);
  }
  return out;
}

std::string EscapeScript(absl::string_view json) {
  return absl::StrReplaceAll(json, {{"<", "\\u003c"}, {">", "\\u003e"}, {"&", "\\u0026"}, {"\xE2\x80\xA8", "\\u2028"}, {"\xE2\x80\xA9", "\\u2029"}});
}

std::string HumanNumber(double value) {
  if (!std::isfinite(value)) return "–";
  const double size = std::abs(value);
  if (size >= 1000) {
    std::string digits = absl::StrFormat("%.0f", size);
    for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<size_t>(at), ",");
    return (value < 0 ? "−" : "") + digits;
  }
  const std::string sign = value < 0 ? "−" : "";
  if (size == 0) return "0";
  if (size >= 100) return sign + absl::StrFormat("%.0f", size);
  if (size >= 10) return sign + absl::StrFormat("%.1f", size);
  if (size >= 1) return sign + absl::StrFormat("%.2f", size);
  if (size >= 0.001) return sign + absl::StrFormat("%.3g", size);
  return sign + absl::StrFormat("%.1e", size);
}

std::string Percent(double share) { return std::isfinite(share) ? absl::StrFormat("%.1f %%", share * 100) : "–"; }

std::string HumanDuration(double seconds) {
  const auto whole = static_cast<int64_t>(std::llround(std::max(seconds, 0.0)));
  if (whole < 60) return absl::StrCat(whole, " s");
  if (whole < 3600) return absl::StrCat(whole / 60, " min ", whole % 60, " s");
  return absl::StrCat(whole / 3600, " h ", whole % 3600 / 60, " min");
}

}  // namespace cohort::cli
