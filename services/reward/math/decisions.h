#pragma once

#include <vector>

#include "services/reward/math/scalar.h"

namespace cohort::reward::math {

// Decisions by structure, with the rule for a person.
inline Decision Same(const char* rule) { return {Equality::kEqual, v1::METHOD_STRUCTURAL, rule}; }
inline Decision Other(const char* rule) { return {Equality::kDifferent, v1::METHOD_STRUCTURAL, rule}; }
inline Decision Unknown(const char* rule) { return {Equality::kUnknown, v1::METHOD_UNSPECIFIED, rule}; }

// The method that carries most weight when several parts were compared.
inline Decision Combined(const Decision& all, const Decision& part) { return part.method == v1::METHOD_BALL || all.method == v1::METHOD_STRUCTURAL ? part : all; }

inline bool IsCollection(Kind kind) { return kind == Kind::kList || kind == Kind::kSet; }

inline std::vector<View> Kids(View view) {
  std::vector<View> kids;
  for (size_t i = 0; i < view.size(); ++i) kids.push_back(view.kid(i));
  return kids;
}

}  // namespace cohort::reward::math
