#include "services/learner/checkpoint/run_state.h"

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace cohort::learner {
namespace {

using nlohmann::json;

template <typename T>
bool Take(const json& object, const char* key, bool (json::*is)() const noexcept, T& value) {
  const auto found = object.find(key);
  if (found == object.end() || !((*found).*is)()) return false;
  value = found->get<T>();
  return true;
}

}  // namespace

std::string ToJson(const RunState& state) {
  nlohmann::ordered_json object;
  object["run"] = state.run;
  object["step"] = state.step;
  object["policy_version"] = state.step;
  object["incarnation"] = state.incarnation;
  object["elapsed_seconds"] = state.elapsed_seconds;
  object["fingerprint"] = state.fingerprint;
  object["reward_mean"] = state.reward_mean;
  return object.dump(2) + "\n";
}

absl::StatusOr<RunState> ParseRunState(const std::string& text, const std::string& path) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return absl::InvalidArgumentError(absl::StrCat(path, ": not a JSON object"));
  RunState state;
  const auto bad = [&path](const char* key) { return absl::InvalidArgumentError(absl::StrCat(path, ": '", key, "' is missing or of another type")); };
  if (!Take(object, "run", &json::is_string, state.run)) return bad("run");
  if (!Take(object, "step", &json::is_number_integer, state.step) || state.step < 0) return bad("step");
  if (!Take(object, "incarnation", &json::is_number_integer, state.incarnation)) return bad("incarnation");
  if (!Take(object, "elapsed_seconds", &json::is_number, state.elapsed_seconds)) return bad("elapsed_seconds");
  if (!Take(object, "fingerprint", &json::is_string, state.fingerprint)) return bad("fingerprint");
  if (!Take(object, "reward_mean", &json::is_number, state.reward_mean)) return bad("reward_mean");
  return state;
}

}  // namespace cohort::learner
