// Sets, lists, tuples and matrices of numbers.
#include <algorithm>
#include <cmath>

#include "tests/golden/reward/metamorphic/cases.h"
#include "tests/golden/reward/metamorphic/grow.h"
#include "tests/golden/reward/metamorphic/mutate.h"
#include "tests/golden/reward/metamorphic/rational.h"
#include "tests/golden/reward/metamorphic/rewrite.h"
#include "tests/golden/reward/metamorphic/write.h"

namespace cohort::reward::metamorphic {
namespace {

using Members = std::vector<TreePtr>;

bool Stands(const Members& members, const TreePtr& tree) {
  return std::any_of(members.begin(), members.end(), [&](const TreePtr& member) { return Liken(member, tree) != Likeness::kDifferent; });
}

// `count` numbers that certainly differ from one another, fewer where the draws were unlucky; at least one.
Members DrawMembers(int count, Choices& choices) {
  Members members;
  for (int i = 0; i < count; ++i) {
    const TreePtr member = choices.OneIn(3) ? Grow(Flavour::kConstant, choices) : GrowNumber(choices);
    const bool has_value = Liken(member, member) == Likeness::kSame;
    if (has_value && !Stands(members, member)) members.push_back(member);
  }
  if (members.empty()) members.push_back(Number(1));
  return members;
}

std::string WriteMember(const TreePtr& member, Choices& choices) {
  const TreePtr rewritten = Rewrite(member, static_cast<int>(choices.Below(2)), choices);
  return Write(rewritten, choices.OneIn(4) ? Script::kUnicode : Script::kLatex, choices);
}

void Shuffle(Members& members, Choices& choices) {
  for (size_t i = 0; i + 1 < members.size(); ++i) std::swap(members[i], members[i + choices.Below(static_cast<uint32_t>(members.size() - i))]);
}

std::string Joined(const Members& members, const char* separator, const char* last, Choices& choices) {
  std::string text;
  for (size_t i = 0; i < members.size(); ++i) {
    if (i > 0) text += i + 1 == members.size() ? last : separator;
    text += WriteMember(members[i], choices);
  }
  return text;
}

// One member less, more, or another one.
Members OtherMembers(Members members, Choices& choices) {
  const uint32_t place = choices.Below(static_cast<uint32_t>(members.size()));
  switch (choices.Below(3)) {
    case 0:
      if (members.size() > 1) {
        members.erase(members.begin() + place);
        return members;
      }
      break;
    case 1:
      if (const TreePtr added = Mutate(members[place], choices); added != nullptr && !Stands(members, added)) {
        members.push_back(added);
        return members;
      }
      break;
    default: break;
  }
  const TreePtr changed = Mutate(members[place], choices);
  if (changed == nullptr || Stands(members, changed)) return {};
  members[place] = changed;
  return members;
}

std::string WriteSet(Members members, Choices& choices) {
  if (choices.OneIn(4)) members.push_back(members[0]);
  Shuffle(members, choices);
  const std::string text = Joined(members, ", ", ", ", choices);
  return choices.Coin() ? "\\left\\{" + text + "\\right\\}" : "\\{" + text + "\\}";
}

std::string WriteList(Members members, Choices& choices) {
  Shuffle(members, choices);
  const char* const lasts[] = {", ", " and ", "\\text{ and }", "\\text{ or }", ", and ", " or "};
  return Joined(members, ", ", choices.Pick(lasts), choices);
}

std::string WriteTuple(const Members& members, Choices& choices) {
  const std::string text = Joined(members, choices.Coin() ? ", " : ",", choices.Coin() ? ", " : ",\\,", choices);
  return choices.Coin() ? "\\left(" + text + "\\right)" : "(" + text + ")";
}

}  // namespace

Case SetCase(Choices& choices) {
  const Members members = DrawMembers(1 + static_cast<int>(choices.Below(4)), choices);
  Case made;
  for (int i = 0; i < 3; ++i) made.same.push_back(WriteSet(members, choices));
  const Members other = OtherMembers(members, choices);
  if (!other.empty()) made.different.push_back(WriteSet(other, choices));
  return made;
}

Case ListCase(Choices& choices) {
  const Members members = DrawMembers(2 + static_cast<int>(choices.Below(3)), choices);
  Case made;
  for (int i = 0; i < 3; ++i) made.same.push_back(WriteList(members, choices));
  const Members other = OtherMembers(members, choices);
  if (!other.empty()) made.different.push_back(WriteList(other, choices));
  return made;
}

Case TupleCase(Choices& choices) {
  Members members = DrawMembers(2 + static_cast<int>(choices.Below(3)), choices);
  if (members.size() == 1) members.push_back(Number(0));
  Case made;
  for (int i = 0; i < 3; ++i) made.same.push_back(WriteTuple(members, choices));
  Members other = members;
  if (choices.Coin()) {
    std::swap(other[0], other[1]);
    if (Liken(members[0], members[1]) != Likeness::kDifferent) other.clear();
  } else {
    other = OtherMembers(members, choices);
    if (other.size() < 2) other.clear();
  }
  if (!other.empty()) made.different.push_back(WriteTuple(other, choices));
  return made;
}

Case MatrixCase(Choices& choices) {
  const size_t rows = 1 + choices.Below(3), columns = rows == 1 ? 2 + choices.Below(2) : 1 + choices.Below(3);
  std::vector<Fraction> entries(rows * columns);
  for (Fraction& entry : entries) entry = Reduced(choices.Between(-9, 9), choices.OneIn(5) ? 2 : 1);
  const auto write = [&](std::vector<Fraction> values) {
    const char* const brackets[] = {"pmatrix", "bmatrix"};
    const std::string name = choices.Pick(brackets);
    const int64_t factor = choices.OneIn(4) ? choices.Between(2, 5) : 1;
    for (Fraction& value : values) value = value * Reduced(1, factor);
    std::string text = (factor == 1 ? "" : std::to_string(factor)) + "\\begin{" + name + "}";
    for (size_t i = 0; i < values.size(); ++i) {
      if (i > 0) text += i % columns == 0 ? " \\\\ " : choices.Coin() ? " & " : "&";
      text += WriteFraction(values[i], choices);
    }
    return text + "\\end{" + name + "}";
  };
  Case made;
  for (int i = 0; i < 3; ++i) made.same.push_back(write(entries));
  std::vector<Fraction> other = entries;
  Fraction& entry = other[choices.Below(static_cast<uint32_t>(other.size()))];
  entry = entry.n == 0 ? Fraction{1, 1} : ChangedFraction(entry, choices);
  made.different.push_back(write(other));
  return made;
}

}  // namespace cohort::reward::metamorphic
