#include "services/coderunner/answer/fenced_block.h"

#include <random>
#include <string>

#include "gtest/gtest.h"

namespace cohort::coderunner {
namespace {

// "tag|content" of the last closed block; "open" in front when a later one is not closed.
std::string Find(std::string_view text) {
  const Fences fences = FindFences(text);
  std::string found = fences.open_at_end ? "open " : "";
  if (fences.last.has_value()) found += std::string(fences.last->tag) + "|" + std::string(fences.last->content.In(text));
  return found;
}

TEST(FencedBlockTest, TakesTheLastBlock) {
  EXPECT_EQ(Find("```python\nprint(1)\n```\n"), "python|print(1)\n");
  EXPECT_EQ(Find("First\n```py\na\n```\nthen\n```cpp\nb\nc\n```"), "cpp|b\nc\n");
  EXPECT_EQ(Find("~~~\nx\n~~~"), "|x\n");
  EXPECT_EQ(Find("```\n```"), "|");
  EXPECT_EQ(Find("no block"), "");
  EXPECT_EQ(Find(""), "");
}

TEST(FencedBlockTest, KnowsWhatAFenceIs) {
  EXPECT_EQ(Find("   ``` python title=x\nx\n  ```  "), "python|x\n");
  EXPECT_EQ(Find("    ```\nx\n    ```"), "");                     // Indented code.
  EXPECT_EQ(Find("``\nx\n``"), "");                               // Two are none.
  EXPECT_EQ(Find("```x```\ny"), "");                              // A word in backticks.
  EXPECT_EQ(Find("````\n```\nx\n```\n````"), "|```\nx\n```\n");   // A longer fence holds shorter ones.
  EXPECT_EQ(Find("```\nx\n~~~\n```"), "|x\n~~~\n");               // Another character does not close it.
  EXPECT_EQ(Find("```\nx\n```python\n```"), "|x\n```python\n");   // A closing fence has no tag.
  EXPECT_EQ(Find("```python\r\nx\r\n```\r\n"), "python|x\r\n");
}

TEST(FencedBlockTest, SaysThatALaterBlockIsNotClosed) {
  EXPECT_EQ(Find("```\nx\n```\n```python\nprint("), "open |x\n");
  EXPECT_EQ(Find("```"), "open ");
}

TEST(FencedBlockTest, StaysInsideAnyText) {
  std::mt19937 random(7);
  const char letters[] = {'`', '`', '`', '~', '\n', '\n', ' ', 'a', '\r', '\xff'};
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 40, ' ');
    for (char& c : text) c = letters[random() % sizeof(letters)];
    const Fences fences = FindFences(text);
    if (!fences.last.has_value()) continue;
    ASSERT_LE(fences.last->content.begin, fences.last->content.end) << text;
    ASSERT_LE(fences.last->content.end, text.size()) << text;
    ASSERT_TRUE(fences.last->content.empty() || text[fences.last->content.end - 1] == '\n') << text;
  }
}

}  // namespace
}  // namespace cohort::coderunner
