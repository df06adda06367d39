#include "services/rollout/worker/worker_options.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "common/config/config.h"
#include "common/reward/format/template_name.h"
#include "common/status/status_macros.h"

namespace cohort::rollout {
namespace {

// The template by its name, R1_ZERO or r1_zero.
std::string SetTemplate(const std::string& name, reward::v1::Template& shape) {
  const reward::v1::Template known = reward::CompletionTemplate(name);
  if (known == reward::v1::TEMPLATE_UNSPECIFIED) return absl::StrCat(name, " is none of ", reward::CompletionTemplateNames(/*capitals=*/true));
  shape = known;
  return "";
}

const std::map<std::string, config::v1::Device>& Devices() {
  static const auto& devices = *new std::map<std::string, config::v1::Device>{
      {"AUTO", config::v1::DEVICE_AUTO}, {"CPU", config::v1::DEVICE_CPU}, {"CUDA", config::v1::DEVICE_CUDA}};
  return devices;
}

// What the reward service has to measure: everything that has a weight.
reward::v1::AuxiliaryRequest AuxiliaryOf(const config::v1::RewardSection& reward) {
  reward::v1::AuxiliaryRequest auxiliary;
  if (reward.language_consistency_weight() > 0) auxiliary.set_language(reward.target_language());
  if (reward.repetition_weight() > 0) auxiliary.set_repetition_ngram(reward.repetition_ngram());
  auxiliary.set_tag_count(reward.tag_count_weight() > 0);
  auxiliary.set_reasoning_steps(reward.reasoning_steps_weight() > 0);
  return auxiliary;
}

// Sets `value` unless its flag was given.
template <typename T, typename U>
void FillIn(const CLI::App& app, const std::string& flag, T& value, const U& from_config) {
  if (app.count(flag) == 0) value = static_cast<T>(from_config);
}

}  // namespace

void AddWorkerFlags(CLI::App& app, WorkerOptions& o) {
  // So that a command line can be prolonged to change it.
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_option("--listen", o.listen, "Address of the gRPC service")->capture_default_str();
  app.add_option("--metrics-listen", o.metrics_listen, "Address of /metrics")->capture_default_str();
  app.add_option("--name", o.name, "Name of the worker, unique in the run")->capture_default_str();
  app.add_option("--advertise-host", o.advertise_host, "Host under which others reach this service, for the registry; default: the one it listens on");
  app.add_option("--endpoint-file", o.endpoint_file, "Write the bound addresses to this file");
  app.add_flag("--allow-remote", o.allow_remote, "Listen on other addresses than loopback without TLS");
  app.add_option("--config", o.config, "The run's YAML file; gives what the flags below leave open");
  app.add_option("--set", o.overrides, "Override a field of the config: section.field=value (may be repeated)")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("--standalone", o.standalone, "Serve the weights of --model, without learner, reward service or queue");
  app.add_option("--model", o.model, "Hugging Face checkpoint directory (config.json, tokenizer.json; with --standalone also the weights)");
  app.add_option("--run", o.run, "Name of the run");
  app.add_option("--learner", o.learner, "host:port of the learner");
  app.add_option("--reward", o.reward, "host:port of a reward service");
  app.add_option("--redis", o.redis, "host:port of the prompt queue, rediss://host:port for TLS");
  app.add_option("--device", o.device, "Where the engine computes: AUTO (a GPU where there is one), CPU or CUDA")->transform(CLI::CheckedTransformer(Devices()));
  app.add_option("--gpu", o.gpu, "Which GPU, as this machine counts them")->capture_default_str()->check(CLI::NonNegativeNumber);
  app.add_option("--threads", o.threads, "Threads of the engine")->capture_default_str()->check(CLI::Range(1, 256));
  app.add_option("--max-batch", o.max_batch, "Sequences decoded together")->capture_default_str()->check(CLI::Range(1, 1 << 20));
  app.add_option("--max-context", o.max_context, "Most tokens of prompt and completion; 0: what the run needs, without a run the model's limit, at most 4096")->capture_default_str();
  app.add_option("--kv-megabytes", o.kv_megabytes, "Most memory for keys and values; 0: 2048 on processors, what is free on a GPU")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  app.add_option("--group-size", o.group_size, "Completions of a task; 0: learnt from the first")->capture_default_str()->check(CLI::NonNegativeNumber);
  app.add_option("--lease-seconds", o.lease_seconds, "A worker silent for so long is taken for dead")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--max-attempts", o.max_attempts, "A task delivered so often goes to the dead letters")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option_function<std::string>(
         "--template",
         [&o](const std::string& name) {
           if (const std::string mistake = SetTemplate(name, o.format); !mistake.empty()) throw CLI::ValidationError("--template", mistake);
         },
         absl::StrCat("Shape of a right completion: ", reward::CompletionTemplateNames(/*capitals=*/true)));
  app.add_flag("--think-prefilled", o.think_prefilled, "The prompt ends with <think>, completions lack it");
  app.add_option("--finishers", o.finishers, "Groups graded and handed in at the same time")->capture_default_str()->check(CLI::Range(1, 256));
  app.add_option("--grace-seconds", o.grace_seconds, "After SIGTERM, groups in progress may take so long")->capture_default_str()->check(CLI::NonNegativeNumber);
  app.add_option("--start-timeout", o.start_timeout_seconds, "Seconds to wait for the queue at the start")->capture_default_str();
  app.footer(
      "Examples:\n"
      "  cohort-rollout --config runs/quickstart/config.yaml --learner 127.0.0.1:7000 --reward 127.0.0.1:7001 --redis 127.0.0.1:6379\n"
      "  cohort-rollout --standalone --model runs/quickstart/checkpoints/step-100 --threads 2");
}

absl::Status CompleteOptions(const CLI::App& app, WorkerOptions& o) {
  if (!o.config.empty()) {
    COHORT_ASSIGN_OR_RETURN(const config::v1::RunConfig config, config::LoadRunConfig(o.config, o.overrides, config::Placement::kSeveralMachines));
    FillIn(app, "--run", o.run, config.run().name());
    FillIn(app, "--model", o.model, config.model().path());
    FillIn(app, "--redis", o.redis, config.queue().redis_address());
    FillIn(app, "--device", o.device, config.rollout().device());
    FillIn(app, "--gpu", o.gpu, config.rollout().first_gpu());
    FillIn(app, "--kv-megabytes", o.kv_megabytes, config.rollout().kv_megabytes());
    FillIn(app, "--threads", o.threads, config.rollout().threads());
    FillIn(app, "--max-batch", o.max_batch, config.rollout().max_batch());
    FillIn(app, "--group-size", o.group_size, config.algorithm().group_size());
    FillIn(app, "--lease-seconds", o.lease_seconds, config.queue().lease_seconds());
    FillIn(app, "--max-attempts", o.max_attempts, config.queue().max_attempts());
    FillIn(app, "--template", o.format, config.reward().template_());
    FillIn(app, "--think-prefilled", o.think_prefilled, config.reward().think_prefilled());
    o.longest_sequence = config::LongestSequence(config);
    o.auxiliary = AuxiliaryOf(config.reward());
    o.policy = config.reward().policy();
    o.broadcasts = config::BroadcastsWeights(config);
  }
  if (o.model.empty()) return absl::InvalidArgumentError("--model is missing (or --config)");
  if (o.standalone) return absl::OkStatus();
  const std::map<std::string, const std::string*> needed = {{"--run", &o.run}, {"--learner", &o.learner}, {"--reward", &o.reward}, {"--redis", &o.redis}};
  for (const auto& [flag, value] : needed) {
    if (value->empty()) return absl::InvalidArgumentError(absl::StrCat(flag, " is missing; only --standalone does without"));
  }
  return absl::OkStatus();
}

}  // namespace cohort::rollout
