#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace cohort::cli {

// Brings pieces of several texts that grow at the same time into order: the first unfinished text is printed as it grows, the others are kept until it
// is their turn. Not thread-safe.
class OrderedPrinter {
 public:
  using Key = std::pair<int, int>;  // Prompt, sample.
  // `begin` is called before the first piece of a text, `print` with its pieces, `end` after its last; texts in the order of their keys.
  struct Output {
    std::function<void(Key)> begin;
    std::function<void(absl::string_view)> print;
    std::function<void(Key)> end;
  };
  OrderedPrinter(int prompts, int samples, Output output) : prompts_(prompts), samples_(samples), output_(std::move(output)) {}

  // A piece of text `key`; `last` when it is complete with it.
  void Push(Key key, absl::string_view piece, bool last);

 private:
  struct Text {
    std::string waiting;
    bool complete = false;
  };
  void Advance();

  const int prompts_;
  const int samples_;
  const Output output_;
  Key current_ = {0, 0};
  bool begun_ = false;  // begin() was called for current_.
  std::map<Key, Text> texts_;
};

}  // namespace cohort::cli
