#include "services/learner/schedule/row_order.h"

#include <numeric>
#include <utility>

#include "common/random/philox.h"

namespace cohort::learner {
namespace {

// Philox streams of the schedule: the kind of order in the top 16 bits, the epoch in the others.
uint64_t StreamNumber(uint16_t stream, int64_t epoch) { return (uint64_t{stream} << 48) | static_cast<uint64_t>(epoch); }

// Fisher-Yates from the end.
std::vector<uint32_t> Permutation(int64_t rows, uint64_t seed, uint64_t stream) {
  std::vector<uint32_t> order(rows);
  std::iota(order.begin(), order.end(), 0u);
  random::Stream random(seed, stream);
  for (int64_t last = rows - 1; last > 0; --last) std::swap(order[last], order[random.NextBelow(static_cast<uint32_t>(last + 1))]);
  return order;
}

}  // namespace

RowOrder::RowOrder(int64_t rows, uint64_t seed, uint16_t stream) : rows_(rows), seed_(seed), stream_(stream) {}

int64_t RowOrder::At(int64_t place) { return Get(place / rows_).rows[place % rows_]; }

const RowOrder::Epoch& RowOrder::Get(int64_t number) {
  for (const Epoch& epoch : cache_) {
    if (epoch.number == number) return epoch;
  }
  cache_[1] = std::move(cache_[0]);
  cache_[0] = Epoch{number, Permutation(rows_, seed_, StreamNumber(stream_, number))};
  return cache_[0];
}

}  // namespace cohort::learner
