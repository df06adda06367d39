#include "services/cli/generate/ordered_printer.h"

namespace cohort::cli {

void OrderedPrinter::Push(Key key, absl::string_view piece, bool last) {
  Text& text = texts_[key];
  text.waiting.append(piece.data(), piece.size());
  text.complete = text.complete || last;
  Advance();
}

void OrderedPrinter::Advance() {
  while (current_.first < prompts_) {
    const auto found = texts_.find(current_);
    if (found == texts_.end()) return;
    if (!begun_) output_.begin(current_);
    begun_ = true;
    if (!found->second.waiting.empty()) output_.print(found->second.waiting);
    found->second.waiting.clear();
    if (!found->second.complete) return;
    output_.end(current_);
    texts_.erase(found);
    begun_ = false;
    current_ = current_.second + 1 < samples_ ? Key{current_.first, current_.second + 1} : Key{current_.first + 1, 0};
  }
}

}  // namespace cohort::cli
