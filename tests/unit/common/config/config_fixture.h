#pragma once

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/config/config.h"
#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/testing/temp_dir.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cohort::config {

// The least that a run's file must say; line numbers are used by the tests.
inline constexpr char kMinimal[] =
    "run:\n"                    // 1
    "  name: small\n"           // 2
    "  steps: 10\n"             // 3
    "model:\n"                  // 4
    "  path: models/base\n"     // 5
    "data:\n"                   // 6
    "  train: train.jsonl\n"    // 7
    "rollout:\n"                // 8
    "  max_new_tokens: 64\n"    // 9
    "algorithm:\n"              // 10
    "  prompts_per_step: 32\n"  // 11
    "  group_size: 8\n"         // 12
    "optimizer:\n"              // 13
    "  learning_rate: 4e-4\n";  // 14

class ConfigFixture : public ::testing::Test {
 protected:
  absl::StatusOr<v1::RunConfig> Load(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
    EXPECT_OK(io::WriteFileAtomically(path_, yaml));
    return LoadRunConfig(path_, overrides);
  }

  // kMinimal with one piece of text replaced.
  static std::string With(const std::string& from, const std::string& to) {
    const std::string yaml = absl::StrReplaceAll(kMinimal, {{from, to}});
    EXPECT_NE(yaml, kMinimal) << "nothing to replace: " << from;
    return yaml;
  }

  // The only error is "FILE:LINE: " + `rest`, to the letter.
  void ExpectError(const std::string& yaml, int line, const std::string& rest) {
    EXPECT_THAT(Load(yaml), testing::StatusIs(absl::StatusCode::kInvalidArgument, absl::StrCat(path_, ":", line, ": ", rest)));
  }

  void ExpectErrorWith(const std::string& yaml, int line, const std::string& part) {
    EXPECT_THAT(Load(yaml),
                testing::StatusIs(absl::StatusCode::kInvalidArgument,
                                  ::testing::AllOf(::testing::StartsWith(absl::StrCat(path_, ":", line, ": ")), ::testing::HasSubstr(part))));
  }

  testing::TempDir directory_;
  const std::string path_ = directory_ / "run.yaml";
};

}  // namespace cohort::config
