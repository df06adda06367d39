#include "tests/golden/reward/metamorphic/shrink.h"

#include <numeric>
#include <utility>

namespace cohort::reward::metamorphic {
namespace {

using List = std::vector<uint32_t>;

class Shrinker {
 public:
  Shrinker(List best, const std::function<int64_t(const List&)>& cost, int budget) : best_(std::move(best)), cost_(cost), budget_(budget) {
    best_cost_ = cost_(best_);
  }

  List Run() {
    for (bool better = true; better && budget_ > 0;) {
      better = false;
      for (size_t run = 16; run >= 1; run /= 2) better |= LeaveOut(run);
      for (size_t run = 8; run >= 1; run /= 2) better |= SetToZero(run);
      better |= Lower();
    }
    return best_;
  }

 private:
  // Of two lists that cost the same the shorter, then the smaller one is better: that gives every run an end.
  bool Try(const List& candidate) {
    if (budget_ <= 0) return false;
    --budget_;
    const int64_t cost = cost_(candidate);
    if (cost < 0 || cost > best_cost_) return false;
    const auto sum = [](const List& list) { return std::accumulate(list.begin(), list.end(), uint64_t{0}); };
    if (cost == best_cost_ && std::pair(candidate.size(), sum(candidate)) >= std::pair(best_.size(), sum(best_))) return false;
    best_ = candidate;
    best_cost_ = cost;
    return true;
  }

  bool LeaveOut(size_t run) {
    bool better = false;
    for (size_t at = 0; at + run <= best_.size();) {
      List candidate = best_;
      candidate.erase(candidate.begin() + static_cast<long>(at), candidate.begin() + static_cast<long>(at + run));
      if (Try(candidate)) better = true;
      else ++at;
    }
    return better;
  }

  bool SetToZero(size_t run) {
    bool better = false;
    for (size_t at = 0; at + run <= best_.size(); ++at) {
      List candidate = best_;
      for (size_t i = at; i < at + run; ++i) candidate[i] = 0;
      if (candidate != best_) better |= Try(candidate);
    }
    return better;
  }

  bool Lower() {
    bool better = false;
    for (size_t at = 0; at < best_.size(); ++at) {
      for (const uint32_t smaller : {best_[at] / 2, best_[at] - 1}) {
        if (best_[at] == 0) break;
        List candidate = best_;
        candidate[at] = smaller;
        better |= Try(candidate);
      }
    }
    return better;
  }

  List best_;
  const std::function<int64_t(const List&)>& cost_;
  int budget_;
  int64_t best_cost_ = 0;
};

}  // namespace

std::vector<uint32_t> Shrink(std::vector<uint32_t> choices, const std::function<int64_t(const std::vector<uint32_t>&)>& cost, int budget) {
  return Shrinker(std::move(choices), cost, budget).Run();
}

}  // namespace cohort::reward::metamorphic
