#include "services/reward/math/typed.h"

#include <algorithm>
#include <memory>

#include "services/reward/math/canonical.h"
#include "services/reward/math/equations.h"
#include "services/reward/math/families.h"
#include "services/reward/math/intervals.h"
#include "services/reward/math/limits.h"
#include "services/reward/math/matrices.h"
#include "services/reward/math/permutations.h"
#include "services/reward/math/structure.h"
#include "services/reward/math/words.h"

namespace cohort::reward::math {
namespace {

Decision Same(const char* rule) { return {Equality::kEqual, v1::METHOD_STRUCTURAL, rule}; }
Decision Other(const char* rule) { return {Equality::kDifferent, v1::METHOD_STRUCTURAL, rule}; }
Decision Unknown(const char* rule) { return {Equality::kUnknown, v1::METHOD_UNSPECIFIED, rule}; }

// The method that carries most weight when several parts were compared.
Decision Combined(const Decision& all, const Decision& part) { return part.method == v1::METHOD_BALL || all.method == v1::METHOD_STRUCTURAL ? part : all; }

bool IsCollection(Kind kind) { return kind == Kind::kList || kind == Kind::kSet; }

bool IsScalarKind(Kind kind) { return kind <= Kind::kLimit && kind != Kind::kText && kind != Kind::kNumeral && kind != Kind::kNumberSet && kind != Kind::kEmptySet; }

// Members that are compared in their order.
Decision CompareInOrder(const std::vector<View>& a, const std::vector<View>& b, const Context& context) {
  if (a.size() != b.size()) return Other("different numbers of members");
  Decision all = Same("member by member");
  bool unknown = false;
  for (size_t i = 0; i < a.size(); ++i) {
    const Decision part = CompareAnswers(a[i], b[i], context);
    if (part.equality == Equality::kDifferent) return {Equality::kDifferent, part.method, "a member differs"};
    unknown = unknown || part.equality == Equality::kUnknown;
    all = Combined(all, part);
  }
  return unknown ? Unknown("a member could not be decided") : Decision{Equality::kEqual, all.method, "member by member"};
}

// Members in any order: each finds a partner of its own.
Decision CompareUnordered(const std::vector<View>& a, const std::vector<View>& b, const Context& context) {
  if (a.size() != b.size()) return Other("different numbers of members");
  std::vector<bool> taken(b.size(), false);
  Decision all = Same("the same members");
  bool unknown = false;
  for (const View& member : a) {
    bool found = false, undecided = false;
    for (size_t i = 0; i < b.size() && !found; ++i) {
      if (taken[i]) continue;
      if (!context.fuel.Spend(50)) return Unknown("out of fuel");
      const Decision part = CompareAnswers(member, b[i], context);
      if (part.equality == Equality::kUnknown) undecided = true;
      if (part.equality != Equality::kEqual) continue;
      found = taken[i] = true;
      all = Combined(all, part);
    }
    if (!found && !undecided) return {Equality::kDifferent, all.method, "a member has no partner"};
    unknown = unknown || !found;
  }
  return unknown ? Unknown("a member could not be decided") : Decision{Equality::kEqual, all.method, "the same members"};
}

// The members of a list, set or single answer; trees made from ± and "x = 2, 3" live in `made`.
class Members {
 public:
  Members(View view, bool distinct, const Context& context) : context_(context) {
    if (IsCollection(view.kind())) {
      std::optional<View> name;
      for (size_t i = 0; i < view.size(); ++i) AddMember(view.kid(i), name);
    } else if (view.kind() != Kind::kEmptySet) {
      std::optional<View> name;
      AddMember(view, name);
    }
    if (distinct) DropRepeated();
  }
  const std::vector<View>& views() const { return views_; }

 private:
  void AddMember(View member, std::optional<View>& name) {
    const std::optional<Assignment> assignment = AsAssignment(member);
    // "x = 2, 3": what follows has the same name.
    if (name.has_value() && !assignment.has_value() && member.kind() != Kind::kRelation && !member.ast.Contains(member.id, Kind::kRelation)) {
      Ast ast;
      const NodeId left = ast.Copy(name->ast, name->id), right = ast.Copy(member.ast, member.id);
      ast.root = ast.AddEquation(left, right);
      return AddExpanded(Keep(std::move(ast)));
    }
    if (assignment.has_value() && member.ast.Is(assignment->name.id, Kind::kSymbol)) name = assignment->name;
    AddExpanded(member);
  }

  void AddExpanded(View member) {
    if (!member.ast.Contains(member.id, Kind::kPlusMinus)) return views_.push_back(member);
    for (Ast& value : ExpandPlusMinus(member)) views_.push_back(Keep(std::move(value)));
  }

  View Keep(Ast ast) {
    made_.push_back(std::make_unique<Ast>(std::move(ast)));
    return {*made_.back(), made_.back()->root};
  }

  void DropRepeated() {
    std::vector<View> kept;
    for (const View& member : views_) {
      const bool known = std::any_of(kept.begin(), kept.end(), [&](const View& other) {
        return context_.fuel.Spend(50) && CompareAnswers(member, other, context_).equality == Equality::kEqual;
      });
      if (!known) kept.push_back(member);
    }
    views_.swap(kept);
  }

  const Context& context_;
  std::vector<std::unique_ptr<Ast>> made_;
  std::vector<View> views_;
};

std::vector<View> Kids(View view) {
  std::vector<View> kids;
  for (size_t i = 0; i < view.size(); ++i) kids.push_back(view.kid(i));
  return kids;
}

Decision CompareCollections(View a, View b, const Context& context) {
  const bool set = a.kind() == Kind::kSet || b.kind() == Kind::kSet || a.kind() == Kind::kEmptySet || b.kind() == Kind::kEmptySet;
  const Members left(a, set, context), right(b, set, context);
  if (context.fuel.exhausted()) return Unknown("out of fuel");
  const bool ordered = context.policy.order_matters && !set;
  // An ellipsis leaves open what it stands for: such lists agree in their order or not at all.
  const bool elliptic = a.ast.Contains(a.id, Kind::kEllipsis) || b.ast.Contains(b.id, Kind::kEllipsis);
  return ordered || elliptic ? CompareInOrder(left.views(), right.views(), context) : CompareUnordered(left.views(), right.views(), context);
}

Decision CompareTuples(View a, View b, const Context& context) {
  const Brackets x = a.ast.brackets(a.id), y = b.ast.brackets(b.id);
  // Two members may be an interval: (1, 2) and [1, 2] differ. With more they are vectors, whatever the brackets.
  const bool same_brackets = x.open == y.open && x.close == y.close;
  const bool vectors = a.size() > 2 && x.open != '{' && y.open != '{';
  const bool angle = (x.open == '<' && y.open == '(' && y.close == ')') || (y.open == '<' && x.open == '(' && x.close == ')');
  if (!same_brackets && !vectors && !angle) return Other("different brackets");
  return CompareInOrder(Kids(a), Kids(b), context);
}

// Proportional: a·d = b·c for every two terms.
Decision CompareRatios(View a, View b, const Context& context) {
  if (a.size() != b.size()) return Other("different numbers of terms");
  Decision all = Same("the same proportions");
  for (size_t i = 1; i < a.size(); ++i) {
    Ast ast;
    const NodeId a0 = ast.Copy(a.ast, a.kid(0).id), b1 = ast.Copy(b.ast, b.kid(i).id);
    const NodeId left = ast.Add(Kind::kMultiply, {a0, b1});
    const NodeId a1 = ast.Copy(a.ast, a.kid(i).id), b0 = ast.Copy(b.ast, b.kid(0).id);
    const NodeId right = ast.Add(Kind::kMultiply, {a1, b0});
    const Decision part = CompareScalars({ast, left}, {ast, right}, context);
    if (part.equality != Equality::kEqual) return part;
    all = Combined(all, part);
  }
  return {Equality::kEqual, all.method, "the same proportions"};
}

Decision CompareQuantities(View a, View b, const Context& context) {
  const bool units_a = a.ast.Contains(a.id, Kind::kUnit), units_b = b.ast.Contains(b.id, Kind::kUnit);
  const std::optional<Quantity> x = WithoutUnits(a, true), y = WithoutUnits(b, units_b || !Variables(b).empty());
  const std::optional<Quantity> left = units_a ? x : WithoutUnits(a, !Variables(a).empty());
  if (!left.has_value() || !y.has_value()) return Other("the units do not fit together");
  const bool money = (left->dimension.empty() && IsMoney(y->dimension)) || (y->dimension.empty() && IsMoney(left->dimension));
  if (left->dimension != y->dimension) {
    const bool one_sided = left->dimension.empty() || y->dimension.empty();
    if (context.policy.units == UnitPolicy::kStrip && one_sided) {
      // The number as it was written, whatever its unit.
      Policy plain = context.policy;
      const Context inner{plain, context.key, context.fuel, context.secret};
      const std::optional<Ast> bare_a = WithoutUnitFactors(a), bare_b = WithoutUnitFactors(b);
      if (bare_a.has_value() && bare_b.has_value()) return CompareAnswers({*bare_a, bare_a->root}, {*bare_b, bare_b->root}, inner);
    }
    if (!money || context.policy.units == UnitPolicy::kRequire) return Other("different units");
  } else if (context.policy.units == UnitPolicy::kRequire && left->units != y->units) {
    return Other("the unit was asked for");
  }
  return CompareScalars({left->ast, left->ast.root}, {y->ast, y->ast.root}, context);
}

Decision CompareCongruences(View a, View b, const Context& context) {
  const Decision modulus = CompareScalars(a.kid(1), b.kid(1), context);
  if (modulus.equality != Equality::kEqual) return modulus;
  const View x = a.kid(0), y = b.kid(0);
  if (x.kind() != Kind::kRelation || y.kind() != Kind::kRelation || x.size() != 2 || y.size() != 2) return CompareAnswers(x, y, context);
  const Decision left = CompareScalars(x.kid(0), y.kid(0), context);
  if (left.equality != Equality::kEqual) return left;
  Ast ast;
  const auto remainder = [&ast](View value, View divisor) {
    const NodeId v = ast.Copy(value.ast, value.id), m = ast.Copy(divisor.ast, divisor.id);
    return ast.Add(Kind::kModulo, {v, m});
  };
  const NodeId first = remainder(x.kid(1), a.kid(1)), second = remainder(y.kid(1), b.kid(1));
  return CompareScalars({ast, first}, {ast, second}, context);
}

Decision CompareCases(View a, View b, const Context& context) {
  if (a.size() != b.size()) return Other("different numbers of cases");
  // A case is a pair; disjoint cases may stand in any order.
  std::vector<bool> taken(b.size() / 2, false);
  for (size_t i = 0; i + 1 < a.size(); i += 2) {
    bool found = false;
    for (size_t j = 0; j + 1 < b.size() && !found; j += 2) {
      if (taken[j / 2] || CompareAnswers(a.kid(i + 1), b.kid(j + 1), context).equality != Equality::kEqual) continue;
      if (CompareAnswers(a.kid(i), b.kid(j), context).equality != Equality::kEqual) continue;
      found = taken[j / 2] = true;
    }
    if (!found) return Other("a case has no partner");
  }
  return Same("case by case");
}

bool HasUnits(View view) { return view.ast.Contains(view.id, Kind::kUnit); }

// (x, y)
bool IsTupleOfNames(View view) {
  if (view.kind() != Kind::kTuple) return false;
  const std::vector<View> names = Kids(view);
  return std::all_of(names.begin(), names.end(), [](const View& name) { return name.kind() == Kind::kSymbol; });
}

// "(x, y) = (1, 2)" is the tuple.
std::optional<View> TupleValue(View view) {
  if (view.kind() != Kind::kRelation || view.size() != 2 || view.ast.relation(view.id, 0) != Relation::kEqual || !IsTupleOfNames(view.kid(0))) return std::nullopt;
  return view.kid(1);
}

// What an assignment assigns where the other side has no name, also in every member of a list; `out` holds what has to be made.
std::optional<View> ValueOf(View view, Ast& out) {
  if (const auto tuple = TupleValue(view)) return tuple;
  if (const auto assignment = AsAssignment(view)) return assignment->value;
  if (view.kind() == Kind::kRelation && view.size() == 2 && view.ast.relation(view.id, 0) == Relation::kIn && (view.kid(0).kind() == Kind::kSymbol || IsTupleOfNames(view.kid(0)))) return view.kid(1);
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

// "x = 1, 0" as "x = 1 or x = 0"; nullopt for everything that is no name with several values.
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

// A list of assignments to different names: x = 1, y = 2.
bool IsSystem(View view) {
  if (view.kind() != Kind::kList) return false;
  return std::all_of(view.ast.kids.begin() + view.node().first_kid, view.ast.kids.begin() + view.node().first_kid + view.node().kid_count,
                     [&view](NodeId id) { return AsAssignment({view.ast, id}).has_value(); });
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
  if (!IsSystem(view)) return std::nullopt;
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

// "(y, x) = (2, 1)" against "x = 1, y = 2" or another such tuple: by the names.
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

// x = 1, y = 2 against (1, 2): the values in the order of their names.
Decision CompareSystemWithTuple(View system, View tuple, const Context& context) {
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

// "no solution", "all real numbers": the set that the words stand for.
std::optional<View> SetInWords(View words, Ast& out) {
  const std::string& text = words.ast.name(words.id);
  if (text == kNoSolution) {
    out.root = out.Add(Kind::kEmptySet, {});
  } else if (text == kAllReals) {
    out.root = out.AddNamed(Kind::kNumberSet, "R");
  } else {
    return std::nullopt;
  }
  return View(out, out.root);
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

// Numbered solutions against those of the letter without numbers.
std::optional<Decision> CompareNumberedSolutions(View a, View b, const Context& context) {
  Ast made_a, made_b;
  const std::optional<View> x = WithoutNumbers(a, made_a), y = WithoutNumbers(b, made_b);
  if (x.has_value() == y.has_value()) return std::nullopt;
  const View plain = x.has_value() ? b : a;
  if (UnknownOf(plain) != UnknownOf(x.has_value() ? *x : *y)) return std::nullopt;
  return x.has_value() ? CompareAnswers(*x, b, context) : CompareAnswers(a, *y, context);
}

// A permutation where the other side is a number, or one as well.
std::optional<Decision> ComparePermutations(View a, View b, const Context& context) {
  if (!IsScalarKind(a.kind()) || !IsScalarKind(b.kind())) return std::nullopt;
  const std::optional<Ast> x = WithPermutationsCounted(a), y = WithPermutationsCounted(b);
  if (!x.has_value() && !y.has_value()) return std::nullopt;
  if ((!x.has_value() && !Variables(a).empty()) || (!y.has_value() && !Variables(b).empty())) return std::nullopt;
  return CompareScalars(x.has_value() ? View(*x, x->root) : a, y.has_value() ? View(*y, y->root) : b, context);
}

// A(1, 2): a point by its name and its place.
bool IsNamedPoint(View view) { return view.kind() == Kind::kCall && view.ast.name(view.id).size() == 1 && view.ast.name(view.id)[0] >= 'A' && view.ast.name(view.id)[0] <= 'Z'; }

Decision CompareUnlike(View a, View b, const Context& context);

// 9:12 looks like a time, but against 3:4 it is a ratio.
std::optional<Decision> CompareTimeWithRatio(View a, View b, const Context& context) {
  const View time = a.kind() == Kind::kTime ? a : b, ratio = a.kind() == Kind::kTime ? b : a;
  if (time.kind() != Kind::kTime || ratio.kind() != Kind::kRatio || time.node().flag != 0 || time.node().payload % 60 != 0) return std::nullopt;
  Ast ast;
  const NodeId hours = ast.AddNumber(time.node().payload / 3600), minutes = ast.AddNumber(time.node().payload / 60 % 60);
  ast.root = ast.Add(Kind::kRatio, {hours, minutes});
  return CompareRatios({ast, ast.root}, ratio, context);
}

Decision CompareKinds(View a, const Form& form_a, View b, const Form& form_b, const Context& context) {
  const Kind x = a.kind(), y = b.kind();
  if (x == Kind::kEllipsis || y == Kind::kEllipsis) return Other("an ellipsis is no answer");
  if (const auto ratio = CompareTimeWithRatio(a, b, context)) return *ratio;
  if (x == Kind::kTime || y == Kind::kTime) return x == y && a.node().payload == b.node().payload ? Same("the same time") : Other("different times");
  if (x == Kind::kDate || y == Kind::kDate) return x == y && a.node().payload == b.node().payload ? Same("the same date") : Other("different dates");
  if (x == Kind::kText || y == Kind::kText) {
    if (x != y && context.policy.fold_text) {
      Ast made;
      if (const auto set = SetInWords(x == Kind::kText ? a : b, made)) return x == Kind::kText ? CompareAnswers(*set, b, context) : CompareAnswers(a, *set, context);
    }
    const auto words = [&context](View view) { return context.policy.fold_text ? view.ast.name(view.id) : view.ast.written(view.id); };
    const bool same = x == y && words(a) == words(b);
    return {same ? Equality::kEqual : Equality::kDifferent, v1::METHOD_TEXT, same ? "the same words" : "different words"};
  }
  if (x == Kind::kNumeral || y == Kind::kNumeral) {
    return x == y && a.ast.name(a.id) == b.ast.name(b.id) ? Same("the same digits in the same base") : Other("different digits or bases");
  }
  if (const auto families = CompareFamilies(a, b, context)) return *families;
  if (const auto named = CompareNamedValues(a, b, context)) return *named;
  const bool system_a = IsSystem(a) && !HasName(a), system_b = IsSystem(b) && !HasName(b);
  if (system_a && y == Kind::kTuple) return CompareSystemWithTuple(a, b, context);
  if (system_b && x == Kind::kTuple) return CompareSystemWithTuple(b, a, context);
  if (context.policy.assignment_lhs_optional && HasName(a) != HasName(b)) {
    // "x = 5" is 5, but "x = 5" against "x - 2 = 3" stays an equation.
    const View named = HasName(a) ? a : b, bare = HasName(a) ? b : a;
    if (bare.kind() != Kind::kRelation && !bare.ast.Contains(bare.id, Kind::kRelation)) {
      Ast made;
      const View value = *ValueOf(named, made);
      const Form form = Canonical(value.ast, value.id, context.fuel);
      return HasName(a) ? CompareAnswers(value, form, b, form_b, context) : CompareAnswers(a, form_a, value, form, context);
    }
  }
  if ((x == Kind::kRelation) != (y == Kind::kRelation)) {
    Ast made;
    const std::optional<View> values = NamedValues(x == Kind::kRelation ? b : a, made);
    if (values.has_value()) {
      if (const auto roots = CompareSets(x == Kind::kRelation ? a : *values, x == Kind::kRelation ? *values : b, context)) return *roots;
    }
  }
  if (const auto solutions = CompareNumberedSolutions(a, b, context)) return *solutions;
  if (const auto permutations = ComparePermutations(a, b, context)) return *permutations;
  const std::optional<Decision> sets = CompareSets(a, b, context);
  if (sets.has_value()) return *sets;
  if (IsCollection(x) || IsCollection(y) || x == Kind::kEmptySet || y == Kind::kEmptySet || a.ast.Contains(a.id, Kind::kPlusMinus) || b.ast.Contains(b.id, Kind::kPlusMinus)) {
    const bool plausible = (IsCollection(x) || x == Kind::kEmptySet || a.ast.Contains(a.id, Kind::kPlusMinus)) && (IsCollection(y) || y == Kind::kEmptySet || b.ast.Contains(b.id, Kind::kPlusMinus));
    return plausible ? CompareCollections(a, b, context) : Other("one answer against several");
  }
  if (x == Kind::kCongruence && y == Kind::kCongruence) return CompareCongruences(a, b, context);
  if (x == Kind::kRelation && y == Kind::kRelation) return CompareRelations(a, b, context);
  if (x == Kind::kCases && y == Kind::kCases) return CompareCases(a, b, context);
  if (x == Kind::kRatio && y == Kind::kRatio) return CompareRatios(a, b, context);
  if (const std::optional<Decision> matrices = CompareMatrices(a, b, context)) return *matrices;
  if (x == Kind::kTuple && y == Kind::kTuple) return CompareTuples(a, b, context);
  if (IsScalarKind(x) && IsScalarKind(y)) return HasUnits(a) || HasUnits(b) ? CompareQuantities(a, b, context) : CompareScalars(a, form_a, b, form_b, context);
  return CompareUnlike(a, b, context);
}

// The table of coercions between types.
Decision CompareUnlike(View a, View b, const Context& context) {
  const View ratio = a.kind() == Kind::kRatio ? a : b, other = a.kind() == Kind::kRatio ? b : a;
  if (ratio.kind() == Kind::kRatio && ratio.size() == 2 && IsScalarKind(other.kind()) && other.kind() == Kind::kDivide) {
    Ast ast;
    const NodeId above = ast.Copy(ratio.ast, ratio.kid(0).id), below = ast.Copy(ratio.ast, ratio.kid(1).id);
    ast.root = ast.Add(Kind::kDivide, {above, below});
    return CompareScalars({ast, ast.root}, other, context);
  }
  const View point = IsNamedPoint(a) ? a : b, place = IsNamedPoint(a) ? b : a;
  if (IsNamedPoint(point) && place.kind() == Kind::kTuple && place.ast.brackets(place.id).open == '(' && place.ast.brackets(place.id).close == ')') {
    return CompareInOrder(Kids(a), Kids(b), context);
  }
  const auto unevaluated = [](View view) { return view.ast.Contains(view.id, Kind::kIntegral) || view.ast.Contains(view.id, Kind::kLimit); };
  if (unevaluated(a) || unevaluated(b)) return Unknown("an integral or a limit is compared by its form only");
  return Other("answers of different types");
}

}  // namespace

Decision CompareAnswers(View a, View b, const Context& context) {
  return CompareAnswers(a, Canonical(a.ast, a.id, context.fuel), b, Canonical(b.ast, b.id, context.fuel), context);
}

Decision CompareAnswers(View a, const Form& form_a, View b, const Form& form_b, const Context& context) {
  if (!context.fuel.Spend(20)) return Unknown("out of fuel");
  if (context.fuel.exhausted()) return Unknown("out of fuel");
  const auto number_a = form_a.constant(), number_b = form_b.constant();
  if (number_a.has_value() && number_b.has_value()) {
    const bool same = *number_a == *number_b;
    return {same ? Equality::kEqual : Equality::kDifferent, v1::METHOD_EXACT, same ? "the same rational number" : "different rational numbers"};
  }
  const bool ordered = context.policy.order_matters && (a.kind() == Kind::kList || b.kind() == Kind::kList);
  const bool as_written = !context.policy.fold_text && (a.ast.Contains(a.id, Kind::kText) || b.ast.Contains(b.id, Kind::kText));
  if (!ordered && !as_written && !form_a.undefined && !form_b.undefined && form_a == form_b) return Same("the same canonical form");
  return CompareKinds(a, form_a, b, form_b, context);
}

}  // namespace cohort::reward::math
