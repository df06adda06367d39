#pragma once

#include <optional>
#include <string_view>

#include "common/reward/format/span.h"

namespace cohort::coderunner {

// A fenced block of Markdown.
struct FencedBlock {
  reward::Span content;   // The lines between the fences.
  std::string_view tag;   // First word behind the opening fence, such as "python"; empty without one.
};

// The fences of a text.
struct Fences {
  std::optional<FencedBlock> last;  // The last block that is closed.
  bool open_at_end = false;         // A later block was opened and not closed: the text was cut off inside a program.
};

// Finds them: a fence is a line of at least three backticks or tildes behind at most three spaces; the closing one has the same character, at least as many of
// it, and nothing else. A pure function; its time is linear in the text.
Fences FindFences(std::string_view text);

}  // namespace cohort::coderunner
