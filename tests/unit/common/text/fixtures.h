#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/io/files.h"
#include "common/testing/status_matchers.h"
#include "common/text/tokenizer.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace cohort::text {

// Tests run in the source root.
inline std::string FixturePath(const std::string& name) { return "tests/unit/common/text/fixtures/" + name; }

inline std::unique_ptr<Tokenizer> LoadFixture(const std::string& name) {
  auto loaded = Tokenizer::Load(FixturePath(name));
  EXPECT_OK(loaded);
  return loaded.ok() ? *std::move(loaded) : nullptr;
}

// What the Python package says about a text.
struct Expected {
  std::string text;
  std::vector<int32_t> ids;
  std::string decoded;
};

inline std::vector<Expected> LoadExpected(const std::string& name) {
  const auto content = io::ReadFile(FixturePath(name) + "/expected.json");
  EXPECT_OK(content);
  std::vector<Expected> rows;
  const auto json = nlohmann::json::parse(*content);
  for (const auto& row : json) rows.push_back({row["text"], row["ids"], row["decoded"]});
  return rows;
}

}  // namespace cohort::text
