#include "services/reward/math/named_values.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "services/reward/math/collections.h"
#include "services/reward/math/decisions.h"
#include "services/reward/math/structure.h"
#include "services/reward/math/typed.h"

namespace cohort::reward::math {
namespace {

// (x, y)
bool IsTupleOfNames(View view) {
  if (view.kind() != Kind::kTuple) return false;
  const std::vector<View> names = Kids(view);
  return std::all_of(names.begin(), names.end(), [](const View& name) { return name.kind() == Kind::kSymbol; });
}

// [1, 2) is an interval for certain.
bool IsHalfOpen(View view) {
  if (view.kind() != Kind::kTuple) return false;
  const Brackets brackets = view.ast.brackets(view.id);
  return (brackets.open == '[') != (brackets.close == ']');
}

// "(x, y) = (1, 2)" is the tuple.
std::optional<View> TupleValue(View view) {
  if (view.kind() != Kind::kRelation || view.size() != 2 || view.ast.relation(view.id, 0) != Relation::kEqual || !IsTupleOfNames(view.kid(0))) return std::nullopt;
  if (IsHalfOpen(view.kid(0)) || IsHalfOpen(view.kid(1))) return std::nullopt;
  return view.kid(1);
}

// Names with their values.
using NamedMembers = std::vector<std::pair<std::string, View>>;

// "(x, y) = (1, 2)".
std::optional<NamedMembers> NamesOfTuple(View view) {
  const auto value = TupleValue(view);
  if (!value.has_value() || value->kind() != Kind::kTuple || value->size() != view.kid(0).size()) return std::nullopt;
  NamedMembers members;
  for (size_t i = 0; i < value->size(); ++i) members.emplace_back(view.ast.name(view.kid(0).kid(i).id), value->kid(i));
  std::sort(members.begin(), members.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
  return members;
}

// "x = 1, y = 2".
std::optional<NamedMembers> NamesOfSystem(View view) {
  if (!IsSystem(view) || view.node().flag == kJoinedByOr) return std::nullopt;
  NamedMembers members;
  for (const View& member : Kids(view)) {
    const auto assignment = AsAssignment(member);
    if (assignment->name.kind() != Kind::kSymbol) return std::nullopt;
    members.emplace_back(member.ast.name(assignment->name.id), assignment->value);
  }
  std::sort(members.begin(), members.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
  for (size_t i = 1; i < members.size(); ++i) {
    if (members[i].first == members[i - 1].first) return std::nullopt;
  }
  return members;
}

// x_1 = 3, x_2 = -3 numbers the solutions of one unknown: x = 3 or x = -3. nullopt for everything else.
std::optional<View> WithoutNumbers(View view, Ast& out) {
  if (!IsSystem(view)) return std::nullopt;
  std::string letter;
  std::vector<NodeId> equations;
  for (size_t i = 0; i < view.size(); ++i) {
    const auto assignment = AsAssignment(view.kid(i));
    if (assignment->name.kind() != Kind::kSymbol) return std::nullopt;
    const std::string& name = view.ast.name(assignment->name.id);
    const size_t mark = name.find('_');
    if (mark == std::string::npos || name.substr(mark + 1) != std::to_string(i + 1) || (i > 0 && name.substr(0, mark) != letter)) return std::nullopt;
    letter = name.substr(0, mark);
    const NodeId left = out.AddNamed(Kind::kSymbol, letter), right = out.Copy(view.ast, assignment->value.id);
    equations.push_back(out.AddEquation(left, right));
  }
  out.root = out.Add(Kind::kList, equations.data(), equations.size());
  out.nodes[out.root].flag = kJoinedByOr;
  return View(out, out.root);
}

// The letter that a solved equation names: x of "x = 2 or x = 3" and "x = ±2"; "" for everything else.
std::string UnknownOf(View view) {
  const View first = view.kind() == Kind::kList ? view.kid(0) : view;
  const auto assignment = AsAssignment(first);
  return assignment.has_value() && assignment->name.kind() == Kind::kSymbol ? first.ast.name(assignment->name.id) : "";
}

}  // namespace

bool IsOutOfOrder(View names) {
  for (size_t i = 1; i < names.size(); ++i) {
    if (names.kid(i - 1).kind() != Kind::kSymbol || names.kid(i).kind() != Kind::kSymbol) continue;
    const std::string &first = names.ast.name(names.kid(i - 1).id), &second = names.ast.name(names.kid(i).id);
    if (first.size() == 1 && second.size() == 1 && first[0] - second[0] >= 0 && first[0] - second[0] <= 2) return true;
  }
  return false;
}

std::optional<View> ValueOf(View view, Ast& out) {
  if (const auto tuple = TupleValue(view)) return IsOutOfOrder(view.kid(0)) ? std::nullopt : tuple;
  if (const auto assignment = AsAssignment(view)) return assignment->value;
  if (view.kind() == Kind::kRelation && view.size() == 2 && view.ast.relation(view.id, 0) == Relation::kIn && (view.kid(0).kind() == Kind::kSymbol || IsTupleOfNames(view.kid(0)))) {
    const Kind set = view.kid(1).kind();
    const bool one_value = set <= Kind::kPrime && set != Kind::kNumberSet && set != Kind::kEmptySet;  // x ∈ 5
    return one_value ? std::nullopt : std::optional<View>(view.kid(1));
  }
  if (!IsCollection(view.kind()) || view.kind() == Kind::kSet) return std::nullopt;
  std::vector<NodeId> values;
  std::string name;
  for (size_t i = 0; i < view.size(); ++i) {
    const View member = view.kid(i);
    const auto assignment = AsAssignment(member);
    if (assignment.has_value()) {
      const std::string own = assignment->name.kind() == Kind::kSymbol ? member.ast.name(assignment->name.id) : "?";
      if (own == "?" || (!name.empty() && own != name)) return std::nullopt;
      name = own;
      values.push_back(out.Copy(member.ast, assignment->value.id));
    } else if (const auto tuple = TupleValue(member)) {
      values.push_back(out.Copy(member.ast, tuple->id));
    } else if (!name.empty() && member.kind() != Kind::kRelation) {
      values.push_back(out.Copy(member.ast, member.id));
    } else {
      return std::nullopt;
    }
  }
  out.root = out.Add(Kind::kList, values.data(), values.size());
  out.nodes[out.root].flag = view.node().flag;
  return View{out, out.root};
}

bool HasName(View view) {
  Ast ignored;
  return ValueOf(view, ignored).has_value();
}

std::optional<View> NamedValues(View view, Ast& out) {
  if (view.kind() != Kind::kList || view.kid(0).kind() != Kind::kRelation) return std::nullopt;
  const auto first = AsAssignment(view.kid(0));
  Ast values;
  if (!first.has_value() || first->name.kind() != Kind::kSymbol) return std::nullopt;
  const std::optional<View> list = ValueOf(view, values);
  if (!list.has_value()) return std::nullopt;
  std::vector<NodeId> relations;
  for (size_t i = 0; i < list->size(); ++i) {
    const NodeId name = out.Copy(first->name.ast, first->name.id), value = out.Copy(list->ast, list->kid(i).id);
    relations.push_back(out.AddEquation(name, value));
  }
  out.root = out.Add(Kind::kList, relations.data(), relations.size());
  out.nodes[out.root].flag = kJoinedByOr;
  return View(out, out.root);
}

bool IsSystem(View view) {
  if (view.kind() != Kind::kList) return false;
  return std::all_of(view.ast.kids.begin() + view.node().first_kid, view.ast.kids.begin() + view.node().first_kid + view.node().kid_count,
                     [&view](NodeId id) { return AsAssignment({view.ast, id}).has_value(); });
}

std::optional<Decision> CompareNamedValues(View a, View b, const Context& context) {
  const auto tuple_a = NamesOfTuple(a), tuple_b = NamesOfTuple(b);
  if (!tuple_a.has_value() && !tuple_b.has_value()) return std::nullopt;
  const auto x = tuple_a.has_value() ? tuple_a : NamesOfSystem(a), y = tuple_b.has_value() ? tuple_b : NamesOfSystem(b);
  if (!x.has_value() || !y.has_value()) return std::nullopt;
  std::vector<View> left, right;
  for (const auto& [name, value] : *x) left.push_back(value);
  for (const auto& [name, value] : *y) right.push_back(value);
  const bool names = std::equal(x->begin(), x->end(), y->begin(), y->end(), [](const auto& m, const auto& n) { return m.first == n.first; });
  return names ? CompareInOrder(left, right, context) : Other("different names");
}

Decision CompareSystemWithTuple(View system, View tuple, const Context& context) {
  if (system.node().flag == kJoinedByOr) return Other("a choice is no tuple");
  const Brackets brackets = tuple.kind() == Kind::kTuple ? tuple.ast.brackets(tuple.id) : Brackets{'(', ')'};
  if (tuple.size() == 2 && brackets.open != '<' && (brackets.open != '(' || brackets.close != ')')) return Other("an interval is no system");
  std::vector<std::pair<std::string, View>> values;
  for (const View& member : Kids(system)) {
    const auto assignment = AsAssignment(member);
    if (assignment->name.kind() != Kind::kSymbol) return Other("a tuple is no system");
    values.emplace_back(member.ast.name(assignment->name.id), assignment->value);
  }
  std::sort(values.begin(), values.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
  std::vector<View> ordered;
  for (const auto& [name, value] : values) ordered.push_back(value);
  return CompareInOrder(ordered, Kids(tuple), context);
}

std::optional<Decision> CompareNumberedSolutions(View a, View b, const Context& context) {
  Ast made_a, made_b;
  const std::optional<View> x = WithoutNumbers(a, made_a), y = WithoutNumbers(b, made_b);
  if (x.has_value() == y.has_value()) return std::nullopt;
  const View plain = x.has_value() ? b : a;
  if (UnknownOf(plain) != UnknownOf(x.has_value() ? *x : *y)) return std::nullopt;
  return x.has_value() ? CompareAnswers(*x, b, context) : CompareAnswers(a, *y, context);
}

}  // namespace cohort::reward::math
