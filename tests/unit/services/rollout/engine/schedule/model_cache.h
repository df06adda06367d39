#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "common/random/philox.h"
#include "services/rollout/engine/engine.h"

namespace cohort::rollout::testing {

// A stand-in for a model and its cache: the "keys and values" of a position are a hash of its token and of those of all positions before it, read through
// page tables, and the next token is a hash of them and of the random number's key. One page in the wrong hands changes every token from there on.
constexpr int32_t kVocab = 41;
constexpr int32_t kEos = 0;

inline uint64_t Mix(uint64_t a, uint64_t b) {
  const auto low = [](uint64_t x) { return static_cast<uint32_t>(x); };
  const auto bits = random::Philox4x32({low(a), low(a >> 32), low(b), low(b >> 32)}, {1, 2});
  return uint64_t{bits[0]} << 32 | bits[1];
}

inline int32_t DrawToken(uint64_t value, const random::SampleKey& key) {
  return static_cast<int32_t>(Mix(value, Mix(key.seed + 7919 * key.step, Mix(key.slot, Mix(key.sample, key.position)))) % kVocab);
}

class ModelCache {
 public:
  ModelCache(int64_t pages, int64_t page_tokens) : page_tokens_(page_tokens), values_(pages * page_tokens) {}

  // Feeds `token` at `position`; what stands in the cache for it from now on.
  uint64_t Feed(const std::vector<int32_t>& table, int64_t position, int32_t token) {
    uint64_t value = Mix(position, token);
    for (int64_t before = 0; before < position; ++before) value = Mix(value, At(table, before));
    return At(table, position) = value;
  }
  void Copy(int32_t from, int32_t to) { std::copy_n(values_.begin() + from * page_tokens_, page_tokens_, values_.begin() + to * page_tokens_); }

 private:
  uint64_t& At(const std::vector<int32_t>& table, int64_t position) {
    return values_.at(table.at(position / page_tokens_) * page_tokens_ + position % page_tokens_);
  }

  const int64_t page_tokens_;
  std::vector<uint64_t> values_;
};

inline random::SampleKey KeyOf(const GroupRequest& request, int sample, int64_t index) {
  return {request.sampling.seed(), request.step, request.slot, sample, static_cast<int32_t>(index)};
}

// The completion as it must be, computed without pages, batches or neighbours.
inline std::vector<int32_t> ExpectedTokens(const GroupRequest& request, int sample, int64_t max_context, bool ends) {
  const int64_t context = static_cast<int64_t>(request.prompt.size()), most = std::min<int64_t>(request.sampling.max_new_tokens(), max_context - context);
  ModelCache cache(1, max_context);
  uint64_t value = 0;
  for (int64_t at = 0; at < context; ++at) value = cache.Feed({0}, at, request.prompt[at]);
  std::vector<int32_t> tokens;
  while (static_cast<int64_t>(tokens.size()) < most) {
    if (!tokens.empty()) value = cache.Feed({0}, context + static_cast<int64_t>(tokens.size()) - 1, tokens.back());
    tokens.push_back(DrawToken(value, KeyOf(request, sample, static_cast<int64_t>(tokens.size()))));
    if (ends && tokens.back() == kEos) break;
  }
  return tokens;
}

inline GroupRequest RandomRequest(random::Stream& stream, int64_t id, int most_prompt, int most_samples, int most_tokens) {
  GroupRequest request;
  request.id = request.slot = id;
  request.step = 3;
  request.samples = 1 + static_cast<int>(stream.NextBelow(most_samples));
  for (uint32_t i = stream.NextBelow(most_prompt) + 1; i > 0; --i) request.prompt.push_back(static_cast<int32_t>(stream.NextBelow(kVocab)));
  request.sampling.set_temperature(1);
  request.sampling.set_max_new_tokens(1 + static_cast<int>(stream.NextBelow(most_tokens)));
  request.sampling.set_seed(11);
  return request;
}

// What was asked of an engine or a scheduler, and that each group came back once and whole.
class Ledger {
 public:
  // `ends`: kEos ends a completion.
  explicit Ledger(int64_t max_context, bool ends = true) : max_context_(max_context), ends_(ends) {}

  void Added(const GroupRequest& request) { waiting_.emplace(request.id, request); }
  void Aborted(int64_t id) { waiting_.erase(id); }
  void AbortedSample(int64_t id, int sample) { aborted_samples_.insert({id, sample}); }
  bool empty() const { return waiting_.empty(); }
  // Ids grow with time.
  int64_t oldest() const { return waiting_.begin()->first; }
  const std::map<int64_t, GroupRequest>& waiting() const { return waiting_; }

  void Check(const std::vector<FinishedGroup>& finished) {
    for (const FinishedGroup& group : finished) {
      const auto it = waiting_.find(group.id);
      ASSERT_NE(it, waiting_.end()) << "group " << group.id << " came twice, or was aborted";
      ASSERT_TRUE(group.status.ok()) << group.status;
      ASSERT_EQ(group.samples.size(), it->second.samples);
      for (int i = 0; i < it->second.samples; ++i) CheckSample(it->second, i, group.samples[i]);
      waiting_.erase(it);
    }
  }

 private:
  void CheckSample(const GroupRequest& request, int index, const FinishedSample& sample) {
    std::vector<int32_t> expected = ExpectedTokens(request, index, max_context_, ends_);
    if (sample.finish_reason == common::v1::FINISH_REASON_ABORTED) {
      ASSERT_TRUE(aborted_samples_.contains({request.id, index}));
      ASSERT_LE(sample.tokens.size(), expected.size());
      expected.resize(sample.tokens.size());
    }
    ASSERT_EQ(sample.tokens, expected) << "sample " << index << " of group " << request.id;
    ASSERT_EQ(sample.logprobs.size(), expected.size());
    ASSERT_EQ(sample.versions.size(), expected.size());
  }

  const int64_t max_context_;
  const bool ends_;
  std::map<int64_t, GroupRequest> waiting_;
  std::set<std::pair<int64_t, int>> aborted_samples_;
};

}  // namespace cohort::rollout::testing
