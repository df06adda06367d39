#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "services/reward/math/rational.h"

namespace cohort::reward::math {

// What a node stands for; its children in brackets.
enum class Kind : uint8_t {
  // Leaves.
  kNumber,     // payload: index into numbers. flag: kWrittenAsDecimal, …
  kSymbol,     // payload: index into names.
  kPi,
  kE,
  kI,          // The imaginary unit.
  kInfinity,
  kText,       // payload: index into names: words, folded. extra: the same for the words as they were written.
  kUnit,       // payload: index into names: a unit of measure as it was written.
  kNumeral,    // payload: index into names: "digits_base"; kids: [value].
  kNumberSet,  // payload: index into names: R, Z, N, Q, C.
  kEmptySet,
  kEllipsis,
  // Arithmetic.
  kAdd,        // [a, b]
  kNegate,     // [a]
  kMultiply,   // [a, b]
  kDivide,     // [a, b]
  kPower,      // [base, exponent]
  kRoot,       // [radicand, index]
  kFunction,   // op: Function; [arguments]
  kCall,       // payload: name; [arguments]: an unknown function.
  kFactorial,  // [n]
  kDoubleFactorial,
  kBinomial,   // [n, k]
  kModulo,     // [a, m]: the remainder.
  kPercent,    // [a]
  kDegree,     // [a]: degrees of arc.
  kPlusMinus,  // [a] or [a, b]: a ± b. flag: 1 for ∓.
  kBar,        // [a]: complex conjugate, or just a bar.
  kPrime,      // [a]: a derivative mark.
  kSum,        // payload: index variable; [lower, upper, body]
  kProduct,
  kIntegral,   // [lower, upper, body] or [body]: compared by structure only.
  kLimit,      // [relation, body]: by structure only.
  // Structure.
  kRelation,   // payload: index into relations of the first sign; [terms].
  kList,       // [members]: a, b, c without brackets. flag: kJoinedByOr or kJoinedByAnd where the word stands in it.
  kTuple,      // [members] in brackets: op: Brackets.
  kSet,        // [members]
  kSetBuilder, // [what, condition]
  kUnion,      // [a, b]
  kIntersection,
  kDifference, // A \ B
  kMatrix,     // payload: number of columns; op: MatrixBrackets; [entries, by rows]
  kCases,      // [value, condition, value, condition, …]
  kRatio,      // [a, b, c, …]
  kCongruence, // [relation, modulus]
  kTime,       // payload: seconds since midnight. flag: 1 where am or pm was given.
  kDropped,    // Was part of the text but is no part of its meaning, such as the k in \sum_{k=1}. Has no kids and no parent.
  kDate,       // payload: packed year, month, day; 0 for a part that was not given.
};

enum class Function : uint8_t {
  kSin, kCos, kTan, kCot, kSec, kCsc, kArcSin, kArcCos, kArcTan, kArcCot, kSinh, kCosh, kTanh, kCoth, kArSinh, kArCosh, kArTanh,
  kLn, kLog10, kLog,  // kLog: [base, x]
  kExp, kAbs, kFloor, kCeiling, kGcd, kLcm, kMax, kMin, kRe, kIm, kArg, kSign, kDet, kCis,  // kCis stands only in the parser: cos + i sin.
};

enum class Relation : uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kApprox, kIn, kNotIn, kEquivalent, kDivides, kSubset, kSimilar, kPerpendicular, kParallel, kTo };

// The symbol that \top and \intercal are; T is another one.
inline constexpr char kTransposeName[] = "top";

// What the symbol of \overrightarrow{AB} begins with.
inline constexpr char kVectorPrefix[] = "vec ";

// The relation read from its other side: > for <.
Relation Mirrored(Relation relation);

// The brackets of a tuple: '(' or '[' or '<', and what closes it.
struct Brackets {
  char open = '(';
  char close = ')';
};

// Flags of kNumber.
inline constexpr uint8_t kWrittenAsDecimal = 1;  // extra: digits after the point.
inline constexpr uint8_t kWrittenAsMixed = 2;
// Flags of kList.
inline constexpr uint8_t kJoinedByOr = 1;
inline constexpr uint8_t kJoinedByAnd = 2;  // The word or sign, not a comma.

using NodeId = uint32_t;

struct Node {
  Kind kind;
  uint8_t flag = 0;
  uint16_t op = 0;
  int32_t payload = 0;
  uint32_t extra = 0;
  uint32_t first_kid = 0;
  uint32_t kid_count = 0;
  NodeId begin = 0;  // The nodes of this subtree are begin..own index, children always before parents.
};

// A parsed text. Nodes lie in one array, every child before its parent, every subtree in one piece; so a loop over the array evaluates bottom-up without
// recursion. Copyable; not thread-safe.
class Ast {
 public:
  std::vector<Node> nodes;
  std::vector<NodeId> kids;
  std::vector<Rational> numbers;
  std::vector<std::string> names;
  std::vector<Relation> relations;
  NodeId root = 0;

  NodeId Add(Kind kind, std::initializer_list<NodeId> children) { return Add(kind, children.begin(), children.size()); }
  NodeId Add(Kind kind, const NodeId* children, size_t count);
  NodeId AddNumber(Rational value);
  NodeId AddNamed(Kind kind, std::string_view name);
  NodeId AddText(std::string_view folded, std::string_view written);
  NodeId AddEquation(NodeId left, NodeId right);
  int32_t NameId(std::string_view name);

  const Node& node(NodeId id) const { return nodes[id]; }
  NodeId kid(NodeId id, size_t i) const { return kids[nodes[id].first_kid + i]; }
  const std::string& name(NodeId id) const { return names[static_cast<size_t>(nodes[id].payload)]; }
  // Of kText.
  const std::string& written(NodeId id) const { return names[nodes[id].extra]; }
  const Rational& number(NodeId id) const { return numbers[static_cast<size_t>(nodes[id].payload)]; }
  Function function(NodeId id) const { return static_cast<Function>(nodes[id].op); }
  Relation relation(NodeId id, size_t i) const { return relations[static_cast<size_t>(nodes[id].payload) + i]; }
  Brackets brackets(NodeId id) const { return {static_cast<char>(nodes[id].op >> 8), static_cast<char>(nodes[id].op & 0xFF)}; }
  bool Is(NodeId id, Kind kind) const { return nodes[id].kind == kind; }
  // Whether a node of this kind stands in the subtree.
  bool Contains(NodeId id, Kind kind) const;

  // Makes a node without a parent, which stays in the array, meaningless.
  void Drop(NodeId id) {
    nodes[id].kind = Kind::kDropped;
    nodes[id].kid_count = 0;
  }

  // Copies node `id` of `from` to the end of this tree, over `children` of this tree.
  NodeId CopyNode(const Ast& from, NodeId id, const std::vector<NodeId>& children);
  // Copies the subtree `id` of `from` to the end of this tree.
  NodeId Copy(const Ast& from, NodeId id);
};

constexpr uint16_t PackBrackets(char open, char close) { return static_cast<uint16_t>((static_cast<uint8_t>(open) << 8) | static_cast<uint8_t>(close)); }

}  // namespace cohort::reward::math
