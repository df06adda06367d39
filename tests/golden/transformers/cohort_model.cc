#include "tests/golden/transformers/cohort_model.h"

#include "common/testing/status_matchers.h"
#include "gtest/gtest.h"
#include "services/learner/train/language_model.h"
#include "services/rollout/engine/cpu/cpu_engine.h"

namespace cohort::golden {

std::vector<std::vector<float>> EngineLogits(const model::LoadedModel& model, const std::vector<int32_t>& tokens) {
  using namespace rollout::cpu;
  const int64_t count = static_cast<int64_t>(tokens.size());
  ThreadPool pool(1);
  Decoder decoder(model.config, model.layout, BestKernels(), pool, count, count);
  decoder.SetWeights(model.weights);
  KvCache cache(model.config, count / kPageTokens + 1);
  std::vector<int32_t> pages;
  for (int64_t t = 0; t < count; t += kPageTokens) pages.push_back(static_cast<int32_t>(t / kPageTokens));
  std::vector<DecoderRow> rows;
  for (int64_t t = 0; t < count; ++t) rows.push_back({tokens[t], static_cast<int32_t>(t), pages.data(), true});
  decoder.Forward(rows, cache);
  std::vector<std::vector<float>> logits;
  for (int64_t t = 0; t < count; ++t) logits.emplace_back(decoder.logits(t), decoder.logits(t) + model.config.vocab_size);
  return logits;
}

std::vector<int32_t> EngineGreedy(const model::LoadedModel& model, const std::vector<int32_t>& tokens, int new_tokens) {
  auto engine = rollout::cpu::CpuEngine::Create(model.config, model.layout, {});
  EXPECT_OK(engine);
  EXPECT_OK((*engine)->SetWeights(model.weights, 0));
  rollout::GroupRequest request;
  request.prompt = tokens;
  request.sampling.set_temperature(0);
  request.sampling.set_max_new_tokens(new_tokens);
  EXPECT_OK((*engine)->Add(request));
  std::vector<rollout::FinishedGroup> finished;
  for (int step = 0; finished.empty() && step < 1000; ++step) {
    EXPECT_OK((*engine)->Step());
    finished = (*engine)->TakeFinished();
  }
  return finished.empty() ? std::vector<int32_t>() : finished[0].samples[0].tokens;
}

std::vector<double> LearnerLogprobs(const model::LoadedModel& model, const std::vector<int32_t>& tokens) {
  learner::LanguageModel language_model(model.config, model.layout, /*temperature=*/1);
  learner::TokenBatch batch;
  batch.AddRoot(absl::MakeConstSpan(tokens).first(tokens.size() - 1));
  for (size_t t = 1; t < tokens.size(); ++t) batch.AddPrediction(static_cast<int64_t>(t) - 1, tokens[t]);
  return language_model.Score(model.weights->floats().data(), batch, /*keep=*/false).logprobs;
}

}  // namespace cohort::golden
