#include "common/config/config.h"

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "common/config/checks.h"
#include "common/config/diagnostics.h"
#include "common/config/schema.h"
#include "common/config/settings.h"
#include "common/config/values.h"
#include "common/io/files.h"
#include "common/status/status_macros.h"

namespace cohort::config {
namespace {

namespace pb = ::google::protobuf;

// Fills every field of `config` from the settings or from the schema's default.
void Bind(const Settings& settings, pb::Message& config, Diagnostics& diagnostics) {
  for (const Leaf& leaf : Leaves(*config.GetDescriptor())) {
    pb::Message& parent = leaf.ParentIn(config);
    const v1::FieldRules& rules = RulesOf(leaf.field());
    const auto setting = settings.values.find(leaf.path);
    if (setting != settings.values.end()) {
      std::string problem = Assign(parent, leaf.field(), setting->second.value);
      const bool blank = problem.empty() && rules.required() && setting->second.value.IsScalar() && setting->second.value.Scalar().empty();
      if (blank) problem = absl::StrCat("is empty; ", rules.path() ? "give a path" : "give a value");
      if (!problem.empty()) diagnostics.Add(setting->second.place, leaf.path, problem);
    } else if (rules.required() && !settings.IsMisspelt(leaf.path)) {
      diagnostics.Add(
          settings.PlaceOf(leaf.path), leaf.path,
          absl::StrCat("is missing; add it (", TypeText(leaf.field()), RangeText(leaf.field()).empty() ? "" : ", ", RangeText(leaf.field()), ")"));
    } else if (!rules.default_value().empty()) {
      const std::string problem = Assign(parent, leaf.field(), YAML::Load(rules.default_value()));
      if (!problem.empty()) diagnostics.Add({}, leaf.path, absl::StrCat("the default ", rules.default_value(), " ", problem));
    }
  }
}

template <typename Config>
absl::StatusOr<Config> Load(const std::string& path, const std::vector<std::string>& overrides,
                            absl::FunctionRef<void(const Config&, const Settings&, Diagnostics&)> check) {
  COHORT_ASSIGN_OR_RETURN(const std::string text, io::ReadFile(path));
  Diagnostics diagnostics(path);
  Settings settings = ReadSettings(text, *Config::descriptor(), diagnostics);
  if (!settings.readable) return diagnostics.ToStatus();
  AddOverrides(overrides, *Config::descriptor(), settings, diagnostics);
  Config config;
  Bind(settings, config, diagnostics);
  if (diagnostics.empty()) check(config, settings, diagnostics);
  COHORT_RETURN_IF_ERROR(diagnostics.ToStatus());
  return config;
}

}  // namespace

absl::StatusOr<v1::RunConfig> LoadRunConfig(const std::string& path, const std::vector<std::string>& overrides, Placement placement) {
  const auto check = [placement](const v1::RunConfig& config, const Settings& settings, Diagnostics& diagnostics) {
    CheckRun(config, settings, diagnostics);
    if (placement == Placement::kOneMachine) CheckOneMachine(config, settings, diagnostics);
  };
  COHORT_ASSIGN_OR_RETURN(v1::RunConfig config, Load<v1::RunConfig>(path, overrides, check));
  if (config.run().directory().empty()) config.mutable_run()->set_directory(absl::StrCat("runs/", config.run().name()));
  return config;
}

absl::StatusOr<v1::PretrainConfig> LoadPretrainConfig(const std::string& path, const std::vector<std::string>& overrides) {
  return Load<v1::PretrainConfig>(path, overrides, CheckPretrain);
}

}  // namespace cohort::config
