#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "services/reward/math/ast.h"
#include "services/reward/math/fuel.h"
#include "services/reward/math/lexer.h"
#include "services/reward/math/limits.h"
#include "services/reward/math/parser.h"

namespace cohort::reward::math {

// Right binding powers: what an operator takes from its right side binds tighter than this.
enum Power : uint8_t {
  kChoosePower = 6,
  kRelationPower = 10,
  kRatioPower = 15,
  kUnionPower = 20,
  kIntersectionPower = 22,
  kModuloPower = 27,
  kSumPower = 30,
  kBigPower = 35,       // The body of a sum, product, integral or limit.
  kProductPower = 40,
  kFunctionPower = 41,  // A function without brackets: takes implicit products (see ImplicitPower), nothing looser.
  kImplicitInFunctionPower = 42,
  kSignPower = 45,
  kExponentPower = 60,
  kRootPower = 65,
  kPostfixPower = 70,
};

// What an open place on the stack is.
enum class FrameKind : uint8_t {
  kRoot,         // The whole text.
  kBracket,      // ( [ < ⌊ ⌈ until their closing.
  kGroup,        // { }
  kSet,          // \{ \}
  kBar,          // | |
  kEnvironment,  // \begin … \end
  kArguments,    // A command that waits for arguments.
  kFunction,     // A function that waits for its argument; scripts may stand before it.
  kBig,          // \sum and its like.
  kPrefix,
  kInfix,
  kRelation,     // A chain of relations: the terms lie on the value stack.
};

// Which command waits for arguments.
enum class Waiting : uint8_t {
  kNothing, kFraction, kRoot, kRootWithIndex, kBinomial, kChoose, kOverline, kExponent, kFunctionExponent, kFunctionBase, kBigLower, kBigUpper, kModulus, kCall,
};

// How members of a container are separated: looser separators have larger values.
enum Separator : uint8_t { kNoSeparator = 0, kCommaSeparator = 1, kSemicolonSeparator = 2, kOrSeparator = 3, kCellSeparator = 4, kRowSeparator = 5 };

struct Frame {
  FrameKind kind = FrameKind::kRoot;
  Power power = kPostfixPower;    // Operators.
  Kind node = Kind::kNumber;      // Operators: what they build.
  uint8_t flag = 0;
  Waiting waiting = Waiting::kNothing;
  uint8_t needed = 0, got = 0;    // Arguments.
  uint16_t op = 0;                // Function, or opening bracket.
  uint32_t values = 0;            // Size of the value stack when it was opened.
  uint32_t extra = 0;             // First separator, first relation, or name.
  bool call = false;              // A function whose argument stands in brackets.
  bool has_base = false, has_exponent = false;    // Scripts of functions; of big operators: lower, upper.
  bool exponent_first = false;
  int32_t mid = -1;               // Sets: how many members stood before the | of a set builder.
};

inline constexpr size_t kNodesAtOnce = 64;  // Room that is made before the first one.

// The machine behind Parse. Alternates between two states: an operand is expected, or an operator. Finished operands lie on the value stack, everything that is
// still open on the frame stack.
class Parser {
 public:
  Parser(Lexed& lexed, const Reading& reading, Fuel& fuel, Parsed& out) : lexed_(lexed), tokens_(lexed.tokens), reading_(reading), fuel_(fuel), out_(out), ast_(out.ast) {
    const size_t room = std::min(tokens_.size(), kNodesAtOnce);
    ast_.nodes.reserve(room);
    ast_.kids.reserve(room);
  }

  void Run();

 private:
  // parser.cc: the two states, brackets, separators.
  void Operand();
  void Operator();
  void OpenContainer(FrameKind kind, uint16_t bracket);
  void OpenBracket(const Token& token);
  void CloseBracket(const Token& token);
  void CloseBar();
  void CloseEnvironment();
  bool SmallerUnitFollows() const;
  bool NumberMayFollow() const;
  bool DigitsGoOn() const;
  bool IntegralEnds() const;
  bool TakeAngleName();
  void SeparatorHere(Separator separator);
  void FinishRoot();
  NodeId GroupItems(const Frame& frame);
  NodeId MovedToEnd(NodeId id);
  NodeId ListOf(const NodeId* items, size_t count, uint8_t joint = 0);
  std::optional<NodeId> BuildContainer(const Frame& frame, char close);
  std::optional<NodeId> BuildSetBuilder(const Frame& frame);
  bool CellsAreCases(const std::vector<NodeId>& cells) const;
  NodeId BuildMatrix(const Frame& frame, std::string_view name);
  NodeId Determinant(NodeId matrix);

  // parser_operators.cc: operators, reduction.
  void Infix(Kind node, Power binding, Power power, uint8_t flag = 0);
  void Prefix(Kind node, Power power, uint8_t flag = 0);
  void ImplicitProduct();
  Power ImplicitPower(const Token& next) const;
  void RelationHere(Relation relation);
  void Postfix(Kind node);
  void DegreeMark();
  size_t MinuteMarkFollows() const;
  void Word(const Token& token);
  bool TakeParity(std::string_view words);
  void ReduceTo(Power binding);
  void ReduceOne();
  void BuildRelation(const Frame& frame);
  bool BeginsWithD(NodeId id) const;
  NodeId Quotient(NodeId above, NodeId below);
  bool TakeDifferential();

  // parser_scripts.cc: exponents and subscripts.
  void Caret();
  void Subscript();
  bool SubscriptOfPower(const std::string& subscript);
  void AfterScripts();

  // parser_commands.cc: completed values and arguments.
  NodeId BuildFunction(const Frame& frame);
  NodeId BuildBig(const Frame& frame);
  NodeId Bind(NodeId integral, NodeId body);
  void Complete();
  bool DeliverArgument();
  NodeId BuildArguments(const Frame& frame);

  // parser_literals.cc: numbers, mixed numbers, repeating decimals, sets of numbers.
  void NumberOperand();
  std::optional<Rational> NumberValue(std::string_view text, uint32_t* decimals);
  std::string_view JoinThousands();
  bool TakeMixedFraction(const Rational& whole);
  bool PeekDigits(size_t at, std::string_view* digits, size_t* next) const;
  bool TakeRepetend(std::string_view text);
  void NumeralOperand(const Token& token);
  void NumberSetOperand(const Token& token);
  bool TakeHalfLine(const Token& set);
  bool TakeChoice();

  // parser_units.cc: words that are operands.
  void TextOperand(std::string_view text);
  void UnitOperand(std::string_view text);
  NodeId UnitNode(std::string_view name);

  // Stack helpers.
  bool Failed() const { return !out_.error.empty(); }
  void Fail(std::string_view what);
  const Token& Next() const { return tokens_[at_]; }
  const Token& Ahead(size_t n) const { return tokens_[std::min(at_ + n, tokens_.size() - 1)]; }
  Frame& Push(FrameKind kind);
  void PushArguments(Waiting waiting, int needed);
  void PushValue(NodeId id);
  NodeId PopValue();
  Frame& Top() { return frames_.back(); }
  bool IsOperator(const Frame& frame) const { return frame.kind == FrameKind::kPrefix || frame.kind == FrameKind::kInfix || frame.kind == FrameKind::kRelation || frame.kind == FrameKind::kBig || frame.kind == FrameKind::kFunction; }
  const Frame& Container() const;
  int BracketDepth() const;
  bool IsLeafSymbol(NodeId id) const { return ast_.Is(id, Kind::kSymbol); }

  Lexed& lexed_;
  std::vector<Token>& tokens_;
  const Reading reading_;
  Fuel& fuel_;
  Parsed& out_;
  Ast& ast_;
  absl::InlinedVector<NodeId, 16> values_;
  absl::InlinedVector<Frame, 12> frames_;
  absl::InlinedVector<Separator, 16> separators_;
  absl::InlinedVector<Relation, 8> pending_relations_;
  size_t at_ = 0;
  bool operand_expected_ = true;
  size_t plus_minus_ = 0;
  bool and_written_ = false;  // Members are joined by the word or sign, not by commas alone.
  size_t exponent_end_ = 0;  // The token behind the last exponent in LaTeX; 0 before the first.
};

}  // namespace cohort::reward::math
