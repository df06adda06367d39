#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "services/reward/math/compare.h"

namespace cohort::reward {

// Reference answers that have been read, so that a group of completions reads theirs once. Holds at most one answer per place; an answer's place follows from its
// text, and the last one to come has it. What it gives does not depend on what it holds. Not thread-safe.
class GoldCache {
 public:
  // `places` from 1.
  explicit GoldCache(size_t places) : places_(places) {}

  // Valid until the next call.
  const math::Gold& Read(std::string_view text, const math::CompareOptions& options);

 private:
  struct Place {
    std::string text;
    math::CompareOptions options;
    std::unique_ptr<const math::Gold> gold;
  };

  std::vector<Place> places_;
};

}  // namespace cohort::reward
