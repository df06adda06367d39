#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace cohort::model {

// Parses a file that holds one JSON object. INVALID_ARGUMENT names file and position; NOT_FOUND when there is no such file.
absl::StatusOr<nlohmann::ordered_json> ReadJsonObject(const std::string& path);

// Typed access to the fields of a JSON object with errors of one form: "PATH: field: what is wrong; remedy". The first error sticks, so that a reader
// asks for all its fields and looks at status() once. Not thread-safe.
class JsonFields {
 public:
  JsonFields(std::string path, nlohmann::ordered_json object) : path_(std::move(path)), object_(std::move(object)) {}

  // An integer in [1, max]. Without a default the field is required.
  int64_t Size(absl::string_view field, int64_t max, std::optional<int64_t> default_value = std::nullopt);
  // A finite number above 0.
  double Positive(absl::string_view field, std::optional<double> default_value = std::nullopt);
  bool Flag(absl::string_view field, bool default_value);
  std::string Text(absl::string_view field, absl::string_view default_value);
  // An integer or a list of them; empty when absent or null.
  std::vector<int64_t> Ids(absl::string_view field);

  bool Has(absl::string_view field) const;  // Present and not null.
  const nlohmann::ordered_json& object() const { return object_; }
  const std::string& path() const { return path_; }

  // Records an error of this file unless there is one already.
  void Fail(absl::string_view field, absl::string_view what);
  const absl::Status& status() const { return status_; }

 private:
  const nlohmann::ordered_json* Find(absl::string_view field) const;

  std::string path_;
  nlohmann::ordered_json object_;
  absl::Status status_;
};

}  // namespace cohort::model
