#include "services/cli/report/run_data.h"

#include <filesystem>
#include <functional>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/io/files.h"
#include "common/status/status_macros.h"
#include "google/protobuf/util/json_util.h"

namespace cohort::cli {
namespace {

using nlohmann::json;

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// Calls `take` with every line; it answers false for a line it cannot read, which is an error unless it is the last one and has no line end.
absl::Status ForEachLine(const std::string& path, const std::function<bool(const std::string&)>& take) {
  if (!Exists(path)) return absl::OkStatus();
  COHORT_ASSIGN_OR_RETURN(const std::string text, io::ReadFile(path));
  size_t begin = 0;
  for (int number = 1; begin < text.size(); ++number) {
    const size_t end = text.find('\n', begin);
    const std::string line = text.substr(begin, end == std::string::npos ? std::string::npos : end - begin);
    if (!line.empty() && !take(line)) {
      if (end == std::string::npos) return absl::OkStatus();
      return absl::InvalidArgumentError(absl::StrCat(path, ":", number, ": this line is damaged; delete it to see the rest"));
    }
    if (end == std::string::npos) break;
    begin = end + 1;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<learner::v1::StepRecord>> LoadSteps(const std::string& path) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  std::map<int64_t, learner::v1::StepRecord> by_step;
  COHORT_RETURN_IF_ERROR(ForEachLine(path, [&](const std::string& line) {
    learner::v1::StepRecord record;
    if (!google::protobuf::util::JsonStringToMessage(line, &record, options).ok()) return false;
    by_step[record.step()] = std::move(record);
    return true;
  }));
  std::vector<learner::v1::StepRecord> steps;
  for (auto& [step, record] : by_step) steps.push_back(std::move(record));
  return steps;
}

// The first of `keys` that is a string, a number or a boolean, as text.
std::string Text(const json& row, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    const auto found = row.find(key);
    if (found == row.end()) continue;
    if (found->is_string()) return found->get<std::string>();
    if (found->is_primitive() && !found->is_null()) return found->dump();
  }
  return "";
}

double Number(const json& row, const char* key) {
  const auto found = row.find(key);
  if (found == row.end()) return 0;
  if (found->is_number()) return found->get<double>();
  return found->is_string() ? std::atof(found->get_ref<const std::string&>().c_str()) : 0;
}

absl::StatusOr<std::vector<TrainingSample>> LoadSamples(const std::string& path) {
  std::vector<TrainingSample> samples;
  COHORT_RETURN_IF_ERROR(ForEachLine(path, [&](const std::string& line) {
    const json row = json::parse(line, nullptr, false);
    if (!row.is_object()) return false;
    TrainingSample sample;
    sample.step = static_cast<int64_t>(Number(row, "step"));
    sample.prompt = Text(row, {"prompt"});
    sample.gold_answer = Text(row, {"gold_answer", "answer", "gold"});
    sample.text = Text(row, {"text", "completion"});
    sample.verdict = Text(row, {"verdict"});
    sample.format_ok = row.value("format_ok", json(false)) == json(true);
    sample.reward = Number(row, "reward");
    sample.tokens = static_cast<int64_t>(Number(row, "tokens"));
    samples.push_back(std::move(sample));
    return true;
  }));
  return samples;
}

absl::StatusOr<std::optional<Evaluation>> LoadIfThere(const std::string& path) {
  if (!Exists(path)) return std::optional<Evaluation>();
  COHORT_ASSIGN_OR_RETURN(Evaluation evaluation, LoadEvaluation(path));
  return std::optional<Evaluation>(std::move(evaluation));
}

}  // namespace

absl::StatusOr<RunData> LoadRunData(const std::string& directory) {
  const std::string steps = directory + "/steps.jsonl", config = directory + "/config.yaml", summary = directory + "/summary.json";
  if (!Exists(steps) && !Exists(config)) {
    return absl::NotFoundError(absl::StrCat(directory, ": no run is there (neither steps.jsonl nor config.yaml); give the directory of a run, "
                                                       "such as runs/quickstart"));
  }
  RunData data;
  data.directory = directory;
  data.name = std::filesystem::path(std::filesystem::absolute(directory)).lexically_normal().filename().string();
  if (Exists(config)) {
    COHORT_ASSIGN_OR_RETURN(data.config_yaml, io::ReadFile(config));
  }
  COHORT_ASSIGN_OR_RETURN(data.steps, LoadSteps(steps));
  COHORT_ASSIGN_OR_RETURN(data.samples, LoadSamples(directory + "/samples.jsonl"));
  if (Exists(summary)) {
    COHORT_ASSIGN_OR_RETURN(const std::string text, io::ReadFile(summary));
    data.summary = json::parse(text, nullptr, false);
    if (!data.summary.is_object()) return absl::InvalidArgumentError(absl::StrCat(summary, ": not a JSON object; delete it to see the rest"));
    data.name = Text(data.summary, {"run"}).empty() ? data.name : Text(data.summary, {"run"});
  }
  COHORT_ASSIGN_OR_RETURN(data.before, LoadIfThere(directory + "/evaluation/before.json"));
  COHORT_ASSIGN_OR_RETURN(data.after, LoadIfThere(directory + "/evaluation/after.json"));
  return data;
}

}  // namespace cohort::cli
