#include "services/cli/command/printable.h"

namespace cohort::cli {

std::string Printable(absl::string_view text) {
  std::string out(text);
  for (size_t i = 0; i < out.size(); ++i) {
    const auto code = static_cast<unsigned char>(out[i]);
    // C1 controls are two bytes in UTF-8: C2 80 to C2 9F.
    const bool c1 = code == 0xC2 && i + 1 < out.size() && static_cast<unsigned char>(out[i + 1]) < 0xA0;
    if (c1) out[i + 1] = '?';
    if (c1 || (code < 0x20 && out[i] != '\n' && out[i] != '\t') || code == 0x7F) out[i] = '?';
  }
  return out;
}

}  // namespace cohort::cli
