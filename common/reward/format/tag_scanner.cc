#include "common/reward/format/tag_scanner.h"

#include <cstdint>
#include <cstring>
#include <optional>

#include "common/reward/format/characters.h"
#include "common/reward/format/imitations.h"
#include "common/reward/format/utf8.h"

namespace cohort::reward {
namespace {

constexpr std::string_view kTagContents[kTagCount] = {"think", "/think", "answer", "/answer"};

std::optional<Tag> ExactTag(std::string_view content) {
  for (size_t i = 0; i < kTagCount; ++i) {
    if (content == kTagContents[i]) return static_cast<Tag>(i);
  }
  return std::nullopt;
}

bool ContinuesName(char32_t c) {
  return Imitated(c) >= 'a' || (c >= '0' && c <= '9') || c == '_' || c == '-' || (c >= 0xC0 && !IsWhitespace(c) && !IsInvisible(c));
}

// What stands between two brackets, one visible character after the other.
class ContentReader {
 public:
  explicit ContentReader(std::string_view content) : content_(content) { SkipInvisible(); }

  bool done() const { return at_ >= content_.size(); }
  char32_t current() const { return current_; }

  void Next() {
    at_ += bytes_;
    SkipInvisible();
  }
  void SkipWhitespace() {
    while (!done() && IsWhitespace(current_)) Next();
  }

 private:
  void SkipInvisible() {
    for (; !done(); at_ += bytes_) {
      const CodePoint c = DecodeUtf8(content_, at_);
      current_ = c.value;
      bytes_ = c.bytes == 0 ? 1 : c.bytes;
      if (!IsInvisible(current_)) return;
    }
  }

  std::string_view content_;
  size_t at_ = 0;
  char32_t current_ = 0;
  int bytes_ = 0;
};

// Whether the reader stands at `name`, however it is written, and not at a longer word.
bool ReadsAs(ContentReader reader, std::string_view name) {
  while (!name.empty()) {
    reader.SkipWhitespace();
    if (reader.done()) return false;
    const std::string_view digraph = ImitatedDigraph(reader.current());
    const bool as_digraph = !digraph.empty() && name.substr(0, digraph.size()) == digraph;
    if (!as_digraph && Imitated(reader.current()) != name.front()) return false;
    name.remove_prefix(as_digraph ? digraph.size() : 1);
    reader.Next();
  }
  return reader.done() || !ContinuesName(reader.current());
}

bool ImitatesTag(std::string_view content) {
  ContentReader reader(content);
  reader.SkipWhitespace();
  while (!reader.done() && (Imitated(reader.current()) == '/' || reader.current() == '\\')) {
    reader.Next();
    reader.SkipWhitespace();
  }
  return ReadsAs(reader, "think") || ReadsAs(reader, "answer");
}

// The bracket that stands at `at`: '<', '>' or 0, and its length in bytes.
struct Bracket {
  char kind = 0;
  int bytes = 1;
};
Bracket BracketAt(std::string_view text, size_t at) {
  const char c = text[at];
  if (static_cast<unsigned char>(c) < 0x80) return {c == '<' || c == '>' ? c : '\0', 1};
  const CodePoint point = DecodeUtf8(text, at);
  if (point.bytes == 0) return {};
  const char imitated = Imitated(point.value);
  return {imitated == '<' || imitated == '>' ? imitated : '\0', point.bytes};
}

// Whether none of eight bytes is '<', '>' or not ASCII. May say no wrongly, never yes.
bool HoldsNoBracket(std::string_view text, size_t at) {
  constexpr uint64_t kOnes = 0x0101010101010101u;
  constexpr uint64_t kHighBits = 0x80 * kOnes;
  uint64_t eight;
  std::memcpy(&eight, text.data() + at, sizeof(eight));
  const uint64_t apart = (eight | 0x02 * kOnes) ^ 0x3E * kOnes;  // A zero byte where '<' or '>' stands: they differ in the bit that is set.
  return ((eight | ((apart - kOnes) & ~apart)) & kHighBits) == 0;
}

}  // namespace

TagScan ScanTags(std::string_view text) {
  TagScan scan;
  Span open;  // The last opening bracket; empty when a closing one has followed.
  for (size_t at = 0; at < text.size();) {
    if (at + sizeof(uint64_t) <= text.size() && HoldsNoBracket(text, at)) {
      at += sizeof(uint64_t);
      continue;
    }
    const Bracket bracket = BracketAt(text, at);
    const size_t after = at + bracket.bytes;
    if (bracket.kind == '<') {
      open = {at, after};
    } else if (bracket.kind == '>' && !open.empty()) {
      const std::string_view content = text.substr(open.end, at - open.end);
      const bool plain = text[open.begin] == '<' && text[at] == '>';
      const std::optional<Tag> tag = plain ? ExactTag(content) : std::nullopt;
      if (tag.has_value()) {
        const auto index = static_cast<size_t>(*tag);
        if (scan.count[index]++ == 0) scan.first[index] = {open.begin, after};
      } else if (ImitatesTag(content)) {
        scan.lookalike = true;
        return scan;
      }
      open = {};
    }
    at = after;
  }
  return scan;
}

}  // namespace cohort::reward
