#include "services/reward/format/tag_scanner.h"

#include <optional>

#include "services/reward/format/characters.h"
#include "services/reward/format/utf8.h"

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
  for (const char letter : name) {
    reader.SkipWhitespace();
    if (reader.done() || Imitated(reader.current()) != letter) return false;
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

}  // namespace

TagScan ScanTags(std::string_view text) {
  TagScan scan;
  Span open;  // The last opening bracket; empty when a closing one has followed.
  for (size_t at = 0; at < text.size();) {
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
