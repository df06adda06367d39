#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cohort/reward/v1/reward_service.pb.h"
#include "services/reward/math/ast.h"
#include "services/reward/math/ball.h"
#include "services/reward/math/form.h"
#include "services/reward/math/fuel.h"
#include "services/reward/math/policy.h"

namespace cohort::reward::math {

enum class Equality : uint8_t { kEqual, kDifferent, kUnknown };

// An answer to "is it the same?", and what it rests on.
struct Decision {
  Equality equality = Equality::kUnknown;
  v1::Method method = v1::METHOD_UNSPECIFIED;
  const char* rule = "";  // For a person.
};

// What all comparisons of one check share.
struct Context {
  const Policy& policy;
  uint64_t key;  // Random points come from it, and primes where numbers are compared; the model must not know it.
  Fuel& fuel;
  uint64_t secret = 0;  // Primes for expressions with variables come from it; it is part of the key.
};

// A subtree of a parsed text.
struct View {
  View(const Ast& tree, NodeId node) : ast(tree), id(node) {}
  View(const View&) = default;
  View& operator=(const View& other) {
    if (this == &other) return *this;
    std::destroy_at(this);
    std::construct_at(this, other);
    return *this;
  }

  const Ast& ast;
  NodeId id;
  const Node& node() const { return ast.node(id); }
  Kind kind() const { return ast.node(id).kind; }
  View kid(size_t i) const { return {ast, ast.kid(id, i)}; }
  size_t size() const { return ast.node(id).kid_count; }
};

// Whether two expressions have the same value: for constants the same number, with variables the same value at (practically) every point where they are real.
// First decisive step wins: exact rational numbers, canonical form, residues (rational_functions.h), ball evaluation at keyed random points. Different balls prove a difference;
// equality is an agreement to far more bits than the texts could encode by chance. kUnknown when neither can be had.
Decision CompareScalars(View a, View b, const Context& context);
// The same, with their canonical forms at hand.
Decision CompareScalars(View a, const Form& form_a, View b, const Form& form_b, const Context& context);

// The names of the free variables, in no order.
std::vector<std::string> Variables(View view);
// Of both, sorted.
std::vector<std::string> VariablesOfBoth(View a, View b);
// Whether `name` is a free variable.
bool DependsOn(View view, const std::string& name);

}  // namespace cohort::reward::math
