#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace cohort::config {

// Where a value was written: a line of the file, or a --set option.
struct Place {
  int line = 0;        // From 1; 0: the file as a whole, or an option.
  std::string option;  // "--set run.steps=0"; empty for a place in the file.
};

// Collects all that is wrong with one configuration, so that a person repairs it in one go. Not thread-safe.
class Diagnostics {
 public:
  explicit Diagnostics(std::string file) : file_(std::move(file)) {}

  // `problem` is "what is wrong; remedy". An empty `field` speaks of the file.
  void Add(const Place& place, absl::string_view field, absl::string_view problem);

  bool empty() const { return entries_.empty(); }
  // OK, or INVALID_ARGUMENT with a line "FILE:LINE: field: problem" for each entry, in the order of the file; what has no line comes last.
  absl::Status ToStatus() const;

 private:
  struct Entry {
    int line;
    std::string text;
  };
  std::string file_;
  std::vector<Entry> entries_;
};

}  // namespace cohort::config
