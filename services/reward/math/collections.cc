#include "services/reward/math/collections.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "services/reward/math/decisions.h"
#include "services/reward/math/named_values.h"
#include "services/reward/math/structure.h"
#include "services/reward/math/typed.h"

namespace cohort::reward::math {
namespace {

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

}  // namespace

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

namespace {

// Whether values of several names stand in the list: x = 1, y = 2. The numbers of x_1 and x_2 count the values of one.
bool NamesSeveral(View list) {
  std::string first;
  for (const View& member : Kids(list)) {
    const auto assignment = AsAssignment(member);
    if (!assignment.has_value() || assignment->name.kind() != Kind::kSymbol) continue;
    const std::string& whole = member.ast.name(assignment->name.id);
    const std::string name = whole.substr(0, whole.find('_'));
    if (!first.empty() && name != first) return true;
    first = name;
  }
  return false;
}

// Whether every member is the value of something that has no letter for a name, and there are several: AB = 1, CD = 2; f(1) = 2, f(2) = 3.
bool NamesThings(View view) {
  if (view.kind() != Kind::kList || view.node().flag == kJoinedByOr || view.size() < 2) return false;
  for (const View& member : Kids(view)) {
    const auto assignment = AsAssignment(member);
    if (!assignment.has_value() || assignment->name.kind() == Kind::kSymbol) return false;
  }
  return true;
}

// Whether words or letters of choices stand in the list: Alice, Bob; A, C. Numbers that are joined by "or" are the solutions of something, words are not.
bool HoldsWords(View list) {
  for (const View& member : Kids(list)) {
    const bool letter = member.kind() == Kind::kSymbol && member.ast.name(member.id).size() == 1 && member.ast.name(member.id)[0] >= 'A' && member.ast.name(member.id)[0] <= 'J';
    if (letter || member.kind() == Kind::kText) return true;
  }
  return false;
}

}  // namespace

Decision CompareCollections(View a, View b, const Context& context) {
  const auto chooses = [](View view) { return view.kind() == Kind::kList && view.node().flag == kJoinedByOr; };
  // "x = 1 or y = 2" is less than "x = 1, y = 2".
  const auto means_all = [](View view) { return view.kind() == Kind::kList && (NamesSeveral(view) || HoldsWords(view)); };
  if (chooses(a) != chooses(b) && (means_all(a) || means_all(b))) return Other("a choice against all of them");
  // p ∧ q is not p ∨ q; numbers joined by either are solutions.
  const auto joined_letters = [](View view) { return view.kind() == Kind::kList && view.node().flag != 0 && std::ranges::all_of(Kids(view), [](View kid) { return kid.kind() == Kind::kSymbol; }); };
  if (joined_letters(a) && joined_letters(b) && a.node().flag != b.node().flag) return Other("both against one of them");
  // {1, 2} are values of one unknown.
  const auto several = [](View view) { return view.kind() == Kind::kList && NamesSeveral(view); };
  if ((a.kind() == Kind::kSet && several(b)) || (b.kind() == Kind::kSet && several(a))) return Other("a set against values of several names");
  // 1, 2 may be x = 1, y = 2, but not x = 2, y = 1.
  if (several(a) != several(b) && IsSystem(several(a) ? a : b)) {
    const View values = several(a) ? b : a;
    if (values.ast.Contains(values.id, Kind::kRelation)) return Other("values of other names");  // AB = 1, CD = 2
    return CompareSystemWithTuple(several(a) ? a : b, several(a) ? b : a, context);
  }
  // 1, 2 may be AB = 1, CD = 2, but not AB = 2, CD = 1.
  const bool segments = NamesThings(a) != NamesThings(b) && !(NamesThings(a) ? b : a).ast.Contains((NamesThings(a) ? b : a).id, Kind::kRelation) && IsCollection((NamesThings(a) ? b : a).kind());
  if (segments) return (NamesThings(a) ? b : a).kind() == Kind::kSet ? Other("a set against values of several names") : CompareInOrder(Kids(a), Kids(b), context);
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

}  // namespace cohort::reward::math
