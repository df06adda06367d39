#include "common/model/json_fields.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/io/files.h"
#include "common/status/status_macros.h"

namespace cohort::model {
namespace {

constexpr int64_t kLargestId = int64_t{1} << 31;

bool IsInteger(const nlohmann::ordered_json& value) {
  return value.is_number_integer() && (!value.is_number_unsigned() || value.get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX));
}

}  // namespace

absl::StatusOr<nlohmann::ordered_json> ReadJsonObject(const std::string& path) {
  COHORT_ASSIGN_OR_RETURN(const std::string content, io::ReadFile(path));
  try {
    auto object = nlohmann::ordered_json::parse(content);
    if (object.is_object()) return object;
    return absl::InvalidArgumentError(absl::StrCat(path, ": holds a JSON ", object.type_name(), " where an object is expected"));
  } catch (const nlohmann::ordered_json::parse_error& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": is not JSON (damaged at byte ", error.byte, " of ", content.size(), "); fetch the file again"));
  }
}

const nlohmann::ordered_json* JsonFields::Find(absl::string_view field) const {
  const auto found = object_.find(std::string(field));
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

bool JsonFields::Has(absl::string_view field) const { return Find(field) != nullptr; }

void JsonFields::Fail(absl::string_view field, absl::string_view what) {
  if (status_.ok()) status_ = absl::InvalidArgumentError(absl::StrCat(path_, ": ", field, ": ", what));
}

int64_t JsonFields::Size(absl::string_view field, int64_t max, std::optional<int64_t> default_value) {
  const auto* value = Find(field);
  if (value == nullptr) {
    if (!default_value) Fail(field, "is missing; the file is not a complete Hugging Face config.json");
    return default_value.value_or(1);
  }
  if (!IsInteger(*value) || value->get<int64_t>() < 1 || value->get<int64_t>() > max) {
    Fail(field, absl::StrCat("is ", value->dump(), "; expected an integer from 1 to ", max));
    return 1;
  }
  return value->get<int64_t>();
}

double JsonFields::Positive(absl::string_view field, std::optional<double> default_value) {
  const auto* value = Find(field);
  if (value == nullptr) {
    if (!default_value) Fail(field, "is missing; the file is not a complete Hugging Face config.json");
    return default_value.value_or(1);
  }
  if (!value->is_number() || !std::isfinite(value->get<double>()) || value->get<double>() <= 0) {
    Fail(field, absl::StrCat("is ", value->dump(), "; expected a number above 0"));
    return 1;
  }
  return value->get<double>();
}

bool JsonFields::Flag(absl::string_view field, bool default_value) {
  const auto* value = Find(field);
  if (value == nullptr) return default_value;
  if (!value->is_boolean()) Fail(field, absl::StrCat("is ", value->dump(), "; expected true or false"));
  return value->is_boolean() ? value->get<bool>() : default_value;
}

std::string JsonFields::Text(absl::string_view field, absl::string_view default_value) {
  const auto* value = Find(field);
  if (value == nullptr) return std::string(default_value);
  if (!value->is_string()) Fail(field, absl::StrCat("is ", value->dump(), "; expected a string"));
  return value->is_string() ? value->get<std::string>() : std::string(default_value);
}

std::vector<int64_t> JsonFields::Ids(absl::string_view field) {
  const auto* value = Find(field);
  if (value == nullptr) return {};
  const auto list = value->is_array() ? *value : nlohmann::ordered_json::array({*value});
  std::vector<int64_t> ids;
  for (const auto& id : list) {
    if (!IsInteger(id) || id.get<int64_t>() < 0 || id.get<int64_t>() > kLargestId) {
      Fail(field, absl::StrCat("is ", value->dump(), "; expected a token id or a list of token ids"));
      return {};
    }
    ids.push_back(id.get<int64_t>());
  }
  return ids;
}

}  // namespace cohort::model
