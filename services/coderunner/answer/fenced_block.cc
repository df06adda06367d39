#include "services/coderunner/answer/fenced_block.h"

#include <cstddef>

namespace cohort::coderunner {
namespace {

constexpr size_t kFewestMarks = 3;
constexpr size_t kMostIndent = 3;
constexpr std::string_view kBlank = " \t\r";

// A line that may be a fence.
struct Fence {
  char mark = 0;
  size_t count = 0;        // 0: no fence.
  std::string_view after;  // What follows, without white space around it.
};

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

Fence ReadFence(std::string_view line) {
  size_t at = 0;
  while (at < line.size() && at < kMostIndent && line[at] == ' ') ++at;
  if (at == line.size() || (line[at] != '`' && line[at] != '~')) return {};
  const char mark = line[at];
  const size_t begin = at;
  while (at < line.size() && line[at] == mark) ++at;
  if (at - begin < kFewestMarks) return {};
  Fence fence{mark, at - begin, Trim(line.substr(at))};
  if (mark == '`' && fence.after.find('`') != std::string_view::npos) return {};  // A word in backticks.
  return fence;
}

}  // namespace

Fences FindFences(std::string_view text) {
  Fences fences;
  Fence open;
  FencedBlock block;
  for (size_t begin = 0; begin < text.size();) {
    const size_t line_feed = text.find('\n', begin);
    const size_t end = line_feed == std::string_view::npos ? text.size() : line_feed;
    const size_t next = line_feed == std::string_view::npos ? text.size() : line_feed + 1;
    const Fence fence = ReadFence(text.substr(begin, end - begin));
    if (open.count == 0 && fence.count > 0) {
      open = fence;
      block.content.begin = next;
      block.tag = fence.after.substr(0, fence.after.find_first_of(kBlank));
    } else if (open.count > 0 && fence.mark == open.mark && fence.count >= open.count && fence.after.empty()) {
      block.content.end = begin;
      fences.last = block;
      open = {};
    }
    begin = next;
  }
  fences.open_at_end = open.count > 0;
  return fences;
}

}  // namespace cohort::coderunner
