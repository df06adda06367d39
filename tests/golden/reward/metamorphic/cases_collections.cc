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

struct Matrix {
  size_t rows = 0, columns = 0;
  std::vector<Fraction> entries;  // By rows.
};

Matrix Transposed(const Matrix& matrix) {
  Matrix turned{matrix.columns, matrix.rows, {}};
  for (size_t column = 0; column < matrix.columns; ++column) {
    for (size_t row = 0; row < matrix.rows; ++row) turned.entries.push_back(matrix.entries[row * matrix.columns + column]);
  }
  return turned;
}

std::string WriteEnvironment(const Matrix& matrix, Choices& choices) {
  const char* const brackets[] = {"pmatrix", "bmatrix"};
  const std::string name = choices.Pick(brackets);
  std::string text = "\\begin{" + name + "}";
  for (size_t i = 0; i < matrix.entries.size(); ++i) {
    if (i > 0) text += i % matrix.columns == 0 ? " \\\\ " : choices.Coin() ? " & " : "&";
    text += WriteFraction(matrix.entries[i], choices);
  }
  return text + "\\end{" + name + "}";
}

// [[1, 2], [3, 4]]; [1, 2] for one row.
std::string WriteRows(const Matrix& matrix, Choices& choices) {
  std::string text;
  for (size_t i = 0; i < matrix.entries.size(); ++i) {
    if (i > 0) text += i % matrix.columns == 0 ? "], [" : choices.Coin() ? ", " : ",";
    text += WriteFraction(matrix.entries[i], choices);
  }
  return matrix.rows == 1 ? "[" + text + "]" : "[[" + text + "]]";
}

// An environment, the transposed one, rows in brackets where there are several of several entries, or a column as a transposed tuple; a factor may stand before it.
std::string WriteMatrix(Matrix matrix, Choices& choices) {
  const int64_t factor = choices.OneIn(4) ? choices.Between(2, 5) : 1;
  for (Fraction& value : matrix.entries) value = value * Reduced(1, factor);
  const std::string before = factor == 1 ? "" : std::to_string(factor);
  if (!choices.OneIn(3)) return before + WriteEnvironment(matrix, choices);
  if (matrix.rows > 1 && matrix.columns > 1 && choices.Coin()) return before + WriteRows(matrix, choices);
  const char* const signs[] = {"^\\top", "^{\\intercal}", "^T", "^{\\mathrm{T}}"};  // T could be a power of a square matrix.
  const std::string sign = signs[choices.Below(matrix.rows == matrix.columns ? 2 : 4)];
  const Matrix turned = Transposed(matrix);
  return before + (matrix.columns == 1 && choices.Coin() ? WriteRows(turned, choices) : WriteEnvironment(turned, choices)) + sign;
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
  Matrix matrix{rows, columns, std::vector<Fraction>(rows * columns)};
  for (Fraction& entry : matrix.entries) entry = Reduced(choices.Between(-9, 9), choices.OneIn(5) ? 2 : 1);
  Case made;
  for (int i = 0; i < 3; ++i) made.same.push_back(WriteMatrix(matrix, choices));
  Matrix other = matrix;
  Fraction& entry = other.entries[choices.Below(static_cast<uint32_t>(other.entries.size()))];
  entry = entry.n == 0 ? Fraction{1, 1} : ChangedFraction(entry, choices);
  made.different.push_back(WriteMatrix(other, choices));
  return made;
}

}  // namespace cohort::reward::metamorphic
