#include "services/learner/control/control_settings.h"

#include "absl/strings/str_cat.h"
#include "common/io/files.h"
#include "common/status/status_macros.h"
#include "nlohmann/json.hpp"

namespace cohort::learner {
namespace {

using nlohmann::json;

absl::Status Parse(const json& object, ControlSettings& settings) {
  const auto number = [&object](const char* key, std::optional<int64_t>& value) {
    const auto found = object.find(key);
    if (found == object.end()) return true;
    if (!found->is_number_integer()) return false;
    value = found->get<int64_t>();
    return true;
  };
  if (!number("max_staleness", settings.max_staleness)) return absl::InvalidArgumentError("'max_staleness' is no whole number");
  if (!number("rollback_step", settings.rollback_step)) return absl::InvalidArgumentError("'rollback_step' is no whole number");
  if (const auto paused = object.find("paused"); paused != object.end()) {
    if (!paused->is_string()) return absl::InvalidArgumentError("'paused' is no text");
    settings.paused = true;
    settings.pause_reason = paused->get<std::string>();
  }
  const auto rates = object.find("learning_rates");
  if (rates == object.end()) return absl::OkStatus();
  if (!rates->is_array()) return absl::InvalidArgumentError("'learning_rates' is no list");
  for (const json& change : *rates) {
    if (!change.is_object() || !change.value("from_step", json()).is_number_integer() || !change.value("value", json()).is_number()) {
      return absl::InvalidArgumentError("'learning_rates' holds something else than from_step and value");
    }
    settings.learning_rates.push_back({change["from_step"].get<int64_t>(), change["value"].get<double>()});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ControlSettings> LoadControlSettings(const std::string& path) {
  ControlSettings settings;
  const absl::StatusOr<std::string> text = io::ReadFile(path);
  if (absl::IsNotFound(text.status())) return settings;
  COHORT_RETURN_IF_ERROR(text.status());
  const json object = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  const absl::Status parsed = object.is_object() ? Parse(object, settings) : absl::InvalidArgumentError("not a JSON object");
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", parsed.message(), "; the file holds what was changed at run time: mend or remove it"));
  }
  return settings;
}

absl::Status SaveControlSettings(const ControlSettings& settings, const std::string& path) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  if (settings.paused) object["paused"] = settings.pause_reason;
  if (!settings.learning_rates.empty()) {
    for (const LearningRateChange& change : settings.learning_rates) {
      object["learning_rates"].push_back({{"from_step", change.from_step}, {"value", change.value}});
    }
  }
  if (settings.max_staleness.has_value()) object["max_staleness"] = *settings.max_staleness;
  if (settings.rollback_step.has_value()) object["rollback_step"] = *settings.rollback_step;
  return io::WriteFileAtomically(path, object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

double LearningRateOf(const ControlSettings& settings, int64_t step, double configured) {
  double value = configured;
  for (const LearningRateChange& change : settings.learning_rates) {
    if (change.from_step <= step) value = change.value;
  }
  return value;
}

void ChangeLearningRate(ControlSettings& settings, LearningRateChange change) {
  auto& rates = settings.learning_rates;
  while (!rates.empty() && rates.back().from_step >= change.from_step) rates.pop_back();
  rates.push_back(change);
}

}  // namespace cohort::learner
