#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/config/checks.h"
#include "common/redis/endpoint.h"

namespace cohort::config {
namespace {

// One configuration under examination.
class RunChecker {
 public:
  RunChecker(const v1::RunConfig& config, const Settings& settings, Diagnostics& diagnostics)
      : config_(config), settings_(settings), diagnostics_(diagnostics) {}

  // Whoever takes what is free leaves nothing for the others on the same GPU.
  void CheckGpus() {
    const auto& rollout = config_.rollout();
    if (rollout.kv_megabytes() > 0 || rollout.device() == v1::DEVICE_CPU) return;
    const auto& optimizer = config_.optimizer();
    // The learner's followers take the GPUs behind its own.
    const int64_t last = int64_t{optimizer.gpu()} + optimizer.data_parallel() - 1;
    const int64_t shared = std::max<int64_t>(optimizer.gpu(), rollout.first_gpu());
    if (optimizer.device() != v1::DEVICE_CPU && shared <= last && shared < int64_t{rollout.first_gpu()} + rollout.gpus()) {
      const int64_t elsewhere = rollout.gpus() <= optimizer.gpu() ? 0 : last + 1;
      Refuse({"optimizer.data_parallel", "optimizer.gpu", "optimizer.device"},
             absl::StrCat("the learner has GPU", last == optimizer.gpu() ? " " : "s ", optimizer.gpu(), last == optimizer.gpu() ? "" : absl::StrCat(" to ", last),
                          " (optimizer.gpu, optimizer.data_parallel), but rollout.kv_megabytes is not set, so the rollout workers take all of GPU ", shared,
                          " that it has not taken yet; set rollout.kv_megabytes, or rollout.first_gpu to ", elsewhere));
    } else if (rollout.device() == v1::DEVICE_CUDA && rollout.workers() > rollout.gpus()) {
      Refuse({"rollout.workers"},
             absl::StrCat("is ", rollout.workers(), " on ", rollout.gpus(), rollout.gpus() == 1 ? " GPU" : " GPUs",
                          " (rollout.gpus), but rollout.kv_megabytes is not set, so the first of them takes all memory; set it, or start one worker a GPU"));
    }
  }

  void CheckAll() {
    CheckName();
    CheckData();
    CheckPromptTemplate();
    CheckReward();
    CheckSampling();
    CheckBatches();
    CheckAlgorithm();
    CheckQueue();
    CheckEvaluation();
  }

 private:
  // Reports against the first of `fields` that the user wrote; the sentence must name the others.
  void Refuse(const std::vector<std::string>& fields, absl::string_view problem) {
    const auto written = std::find_if(fields.begin(), fields.end(), [&](const auto& field) { return settings_.values.contains(field); });
    const std::string& field = written == fields.end() ? fields.front() : *written;
    diagnostics_.Add(settings_.PlaceOf(field), field, problem);
  }

  void CheckName() {
    const std::string& name = config_.run().name();
    const bool plain = std::all_of(name.begin(), name.end(), [](char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.'; });
    if (name.empty() || name.size() > 64 || !plain || name.front() == '.') {
      Refuse({"run.name"}, absl::StrCat("is '", name, "'; use up to 64 letters, digits, '-', '_' and '.', not beginning with '.'"));
    }
  }

  void CheckData() {
    const auto& data = config_.data();
    if (data.min_prompt_tokens() > data.max_prompt_tokens()) {
      Refuse({"data.min_prompt_tokens", "data.max_prompt_tokens"},
             absl::StrCat("no prompt has at least ", data.min_prompt_tokens(), " tokens (data.min_prompt_tokens) and at most ", data.max_prompt_tokens(),
                          " (data.max_prompt_tokens); lower the first or raise the second"));
    }
    if (data.messages_column().empty() && data.prompt_column().empty()) Refuse({"data.prompt_column"}, "is empty; name the column of the problem");
    if (data.answer_column().empty()) Refuse({"data.answer_column"}, "is empty; name the column of the reference answer");
    if (data.chat()) return;
    for (const auto& [field, value] : {std::pair{"data.messages_column", data.messages_column()}, std::pair{"data.system_prompt", data.system_prompt()},
                                       std::pair{"data.assistant_prefix", data.assistant_prefix()}}) {
      if (!value.empty()) Refuse({field}, "is set, but prompts are plain text; set data.chat to true, or delete this line");
    }
  }

  void CheckPromptTemplate() {
    const std::string& text = config_.data().prompt_template();
    if (!config_.data().messages_column().empty() && text != "{prompt}") {
      Refuse({"data.prompt_template"}, "is never used, because conversations (data.messages_column) are rendered as they stand; delete this line");
    } else if (!absl::StrContains(text, "{prompt}")) {
      Refuse({"data.prompt_template"}, "does not contain {prompt}, so the model would never see the problem; put {prompt} where the problem belongs");
    }
    if (config_.data().chat()) return CheckAssistantPrefix();
    const bool prefilled = absl::EndsWith(absl::StripTrailingAsciiWhitespace(text), "<think>");
    if (config_.reward().think_prefilled() && !prefilled) {
      Refuse({"reward.think_prefilled", "data.prompt_template"},
             "completions are said to begin inside <think> (reward.think_prefilled), but data.prompt_template does not end with <think>; "
             "add it there, or set think_prefilled to false");
    }
    if (!config_.reward().think_prefilled() && prefilled) {
      Refuse({"data.prompt_template"},
             "ends with <think>, so completions lack that tag and none would have the right format; set reward.think_prefilled to true");
    }
  }

  // Whether the chat template itself begins the reasoning is seen when the prompts are loaded.
  void CheckAssistantPrefix() {
    if (config_.reward().think_prefilled() || !absl::EndsWith(absl::StripTrailingAsciiWhitespace(config_.data().assistant_prefix()), "<think>")) return;
    Refuse({"data.assistant_prefix"},
           "ends with <think>, so completions lack that tag and none would have the right format; set reward.think_prefilled to true");
  }

  void CheckReward() {
    const auto& reward = config_.reward();
    if (reward.template_() == reward::v1::TEMPLATE_BARE_ANSWER) {
      Refuse({"reward.template"}, "BARE_ANSWER is for grading answers that stand alone; a run needs R1_ZERO, R1_RELEASED, BOXED_ONLY, GSM8K_HASH or DAPO_ANSWER");
    }
    if (reward.accuracy_weight() + reward.format_weight() == 0) {
      Refuse({"reward.accuracy_weight", "reward.format_weight"},
             "is 0, as is the other weight, so there is nothing to learn; set reward.accuracy_weight or reward.format_weight above 0");
    }
    if (reward.overlong_buffer_tokens() >= config_.rollout().max_new_tokens()) {
      Refuse({"reward.overlong_buffer_tokens", "rollout.max_new_tokens"},
             absl::StrCat("a penalty that begins ", reward.overlong_buffer_tokens(), " tokens (reward.overlong_buffer_tokens) before the limit of ",
                          config_.rollout().max_new_tokens(), " (rollout.max_new_tokens) punishes every completion; use a smaller buffer"));
    }
  }

  void CheckSampling() {
    const auto& rollout = config_.rollout();
    constexpr absl::string_view kWhy =
        ": training on truncated sampling would follow the gradient of another policy than the one that sampled; set it to ";
    if (rollout.top_p() != 1) Refuse({"rollout.top_p"}, absl::StrCat("is ", rollout.top_p(), kWhy, "1"));
    if (rollout.top_k() != 0) Refuse({"rollout.top_k"}, absl::StrCat("is ", rollout.top_k(), kWhy, "0"));
    if (rollout.min_p() != 0) Refuse({"rollout.min_p"}, absl::StrCat("is ", rollout.min_p(), kWhy, "0"));
  }

  void CheckBatches() {
    const auto& algorithm = config_.algorithm();
    const int64_t samples = int64_t{algorithm.prompts_per_step()} * algorithm.group_size();
    if (samples % algorithm.minibatches() != 0) {
      Refuse({"algorithm.minibatches", "algorithm.prompts_per_step", "algorithm.group_size"},
             absl::StrCat("the ", samples, " samples of a step (", algorithm.prompts_per_step(), " prompts × ", algorithm.group_size(),
                          " completions) cannot be split into ", algorithm.minibatches(), " equal minibatches; use ",
                          DivisorsAround(samples, algorithm.minibatches())));
    }
    if (algorithm.group_size() > config_.rollout().max_batch()) {
      Refuse({"algorithm.group_size", "rollout.max_batch"},
             absl::StrCat("a group of ", algorithm.group_size(), " completions (algorithm.group_size) does not fit into a worker, which decodes ",
                          config_.rollout().max_batch(), " sequences together (rollout.max_batch); raise max_batch or lower group_size"));
    }
  }

  // "4 or 8": the divisors of `samples` on both sides of `wanted`.
  static std::string DivisorsAround(int64_t samples, int64_t wanted) {
    int64_t below = std::min(wanted, samples), above = wanted;
    while (samples % below != 0) --below;
    while (above < samples && samples % above != 0) ++above;
    return above < samples ? absl::StrCat(below, " or ", above) : absl::StrCat(below);
  }

  void CheckAlgorithm() {
    const auto& algorithm = config_.algorithm();
    if (algorithm.advantage() == v1::ADVANTAGE_LEAVE_ONE_OUT && algorithm.group_size() < 3) {
      Refuse({"algorithm.advantage", "algorithm.group_size"},
             "LEAVE_ONE_OUT measures the spread among the other completions of a group, which takes at least 3; raise algorithm.group_size, or use "
             "RLOO");
    }
    if (algorithm.dynamic_sampling() && algorithm.max_staleness() > 0) {
      Refuse({"algorithm.dynamic_sampling", "algorithm.max_staleness"},
             absl::StrCat(
                 "drawing further prompts (algorithm.dynamic_sampling) cannot be combined with rollouts that run ahead (algorithm.max_staleness ",
                 algorithm.max_staleness(), "); set max_staleness to 0, or dynamic_sampling to false"));
    }
    if (algorithm.reference_refresh_steps() > 0 && algorithm.kl_coefficient() == 0) {
      Refuse({"algorithm.reference_refresh_steps", "algorithm.kl_coefficient"},
             "a reference policy is to be renewed (algorithm.reference_refresh_steps) that nothing uses, as algorithm.kl_coefficient is 0; "
             "set kl_coefficient above 0, or reference_refresh_steps to 0");
    }
    if (algorithm.dual_clip() != 0 && algorithm.dual_clip() <= 1) {
      Refuse({"algorithm.dual_clip"}, absl::StrCat("is ", algorithm.dual_clip(), "; use a value above 1 (commonly 3), or 0 to switch it off"));
    }
  }

  void CheckQueue() {
    const auto& queue = config_.queue();
    const int64_t ahead = int64_t{config_.algorithm().prompts_per_step()} * (1 + config_.algorithm().max_staleness());
    if (queue.max_backlog() < ahead) {
      Refuse({"queue.max_backlog", "algorithm.prompts_per_step", "algorithm.max_staleness"},
             absl::StrCat("up to ", ahead, " tasks are queued (algorithm.prompts_per_step × (1 + algorithm.max_staleness)), more than the ",
                          queue.max_backlog(), " that may be (queue.max_backlog); raise it to at least ", ahead));
    }
    if (queue.lease_seconds() > 3600) {
      Refuse({"queue.lease_seconds"},
             absl::StrCat("is ", queue.lease_seconds(),
                          ": a step would wait that long for every dead worker; use 10 to 60, living workers renew their leases"));
    }
    const std::string& address = queue.redis_address();
    if (address.empty()) return;
    const absl::Status readable = redis::ParseAddress(address).status();
    if (!readable.ok()) Refuse({"queue.redis_address"}, absl::StrCat(readable.message(), ", or \"\" for a private server"));
  }

  void CheckEvaluation() {
    const auto& words = config_.evaluation().self_check_words();
    if (std::any_of(words.begin(), words.end(), [](const std::string& word) { return absl::StripAsciiWhitespace(word).empty(); })) {
      Refuse({"evaluation.self_check_words"}, "holds an empty word, which every completion contains; remove it");
    }
  }

  const v1::RunConfig& config_;
  const Settings& settings_;
  Diagnostics& diagnostics_;
};

}  // namespace

void CheckRun(const v1::RunConfig& config, const Settings& settings, Diagnostics& diagnostics) {
  RunChecker(config, settings, diagnostics).CheckAll();
}

void CheckOneMachine(const v1::RunConfig& config, const Settings& settings, Diagnostics& diagnostics) {
  RunChecker(config, settings, diagnostics).CheckGpus();
}

void CheckPretrain(const v1::PretrainConfig& config, const Settings& settings, Diagnostics& diagnostics) {
  if (config.optimizer().warmup_steps() > config.training().steps()) {
    diagnostics.Add(settings.PlaceOf("optimizer.warmup_steps"), "optimizer.warmup_steps",
                    absl::StrCat("is ", config.optimizer().warmup_steps(), ", more than training.steps ", config.training().steps(),
                                 ": the learning rate would never reach its peak; lower it"));
  }
  if (config.optimizer().data_parallel() > 1) {
    diagnostics.Add(settings.PlaceOf("optimizer.data_parallel"), "optimizer.data_parallel",
                    absl::StrCat("is ", config.optimizer().data_parallel(), ", but pre-training knows one process; delete this line, or set it to 1"));
  }
}

}  // namespace cohort::config
