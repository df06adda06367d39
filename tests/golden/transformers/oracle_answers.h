#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cohort::golden {

// What transformers computed with one checkpoint directory; see models.py.
struct OracleAnswer {
  std::vector<std::vector<float>> logits;  // After each token of the request.
  std::vector<int32_t> greedy;             // The tokens that follow the request.
  std::vector<std::vector<int32_t>> ids;   // Of each text of the request.
  std::vector<std::string> decoded;        // Each text again.
};

// What the oracle is asked about every checkpoint.
struct OracleRequest {
  std::vector<int32_t> tokens;
  int new_tokens = 0;
  std::vector<std::string> texts;
};

// Runs a Python program beside this file to its end; a test failure with its output when it does not succeed.
void RunOracle(const std::vector<std::string>& arguments, const std::string& log_file);

void WriteRequest(const std::string& path, const OracleRequest& request);

OracleAnswer ReadAnswer(const std::string& directory);

}  // namespace cohort::golden
