#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cohort::reward::math {

// A word or number.
struct Word {
  std::string folded;
  std::string written;
};

// Takes commands of text off: \text{March 5} is March 5. nullopt when other commands or unpaired braces stand there.
std::optional<std::string> WithoutTextCommands(std::string_view text);

// Words and numbers, folded to lower case; punctuation between them is dropped, but a point between digits stays. nullopt when a sign of mathematics stands there, or
// a bracket that nothing opens or closes.
std::optional<std::vector<Word>> WordsOf(std::string_view text);

// Without blanks at both ends.
std::string_view TrimmedWords(std::string_view text);

}  // namespace cohort::reward::math
