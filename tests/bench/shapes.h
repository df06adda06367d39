#pragma once

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/model/published_sizes.h"

namespace cohort::bench {

// What a benchmark's arguments ask for: names of models, all of them when `usual` and the arguments name none; and numbers behind the flags of `numbers`.
inline std::vector<std::pair<std::string, model::ModelConfig>> ChosenShapes(int argc, char** argv, const std::map<std::string, int*>& numbers,
                                                                            std::vector<std::string> usual = {}) {
  std::vector<std::string> wanted;
  for (int i = 1; i < argc; ++i) {
    const auto it = numbers.find(argv[i]);
    if (it == numbers.end()) {
      wanted.push_back(argv[i]);
    } else if (++i < argc) {
      *it->second = std::atoi(argv[i]);
    }
  }
  if (wanted.empty()) wanted = std::move(usual);
  std::vector<std::pair<std::string, model::ModelConfig>> chosen;
  for (const auto& shape : model::PublishedSizes()) {
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), shape.first) != wanted.end()) chosen.push_back(shape);
  }
  return chosen;
}

}  // namespace cohort::bench
