// Operators of the parser: what binds how, and what is built when it is complete.
#include <algorithm>

#include "services/reward/math/parser_state.h"
#include "services/reward/math/units.h"
#include "services/reward/math/words.h"

namespace cohort::reward::math {

void Parser::ReduceTo(Power binding) {
  while (!Failed() && IsOperator(Top()) && Top().power >= binding) {
    if (!fuel_.Spend(4)) return Fail("out of fuel");
    ReduceOne();
  }
}

void Parser::ReduceOne() {
  const Frame frame = Top();
  frames_.pop_back();
  switch (frame.kind) {
    case FrameKind::kRelation: return BuildRelation(frame);
    case FrameKind::kFunction: return PushValue(BuildFunction(frame));
    case FrameKind::kBig: return PushValue(BuildBig(frame));
    case FrameKind::kPrefix: {
      const NodeId operand = PopValue();
      if (frame.node == Kind::kAdd) return PushValue(operand);
      if (frame.node == Kind::kUnit) {
        const NodeId unit = UnitNode(ast_.names[frame.extra]);
        return PushValue(ast_.Add(Kind::kMultiply, {operand, unit}));
      }
      if (frame.node == Kind::kRoot) {
        const NodeId index = ast_.AddNumber(frame.flag);
        return PushValue(ast_.Add(Kind::kRoot, {operand, index}));
      }
      const NodeId built = ast_.Add(frame.node, {operand});
      ast_.nodes[built].flag = frame.flag;
      return PushValue(built);
    }
    default: break;
  }
  const NodeId right = PopValue();
  const NodeId left = PopValue();
  if (Failed()) return;
  if (frame.node == Kind::kAdd && frame.flag == 1 && (ast_.Is(right, Kind::kSet) || ast_.Is(right, Kind::kEmptySet) || (ast_.Is(left, Kind::kNumberSet) && ast_.Is(right, Kind::kTuple)))) {  // ℝ - \{0\}
    return PushValue(ast_.Add(Kind::kDifference, {left, right}));
  }
  if (frame.node == Kind::kAdd && frame.flag == 1) {
    const NodeId negated = ast_.Add(Kind::kNegate, {right});
    return PushValue(ast_.Add(Kind::kAdd, {left, negated}));
  }
  if (frame.node == Kind::kRatio && ast_.Is(left, Kind::kRatio)) {
    std::vector<NodeId> parts;
    for (size_t i = 0; i < ast_.node(left).kid_count; ++i) parts.push_back(ast_.kid(left, i));
    parts.push_back(right);
    ast_.Drop(left);
    return PushValue(ast_.Add(Kind::kRatio, parts.data(), parts.size()));
  }
  if (frame.node == Kind::kDivide) return PushValue(Quotient(left, right));
  const NodeId built = ast_.Add(frame.node, {left, right});
  ast_.nodes[built].flag = frame.node == Kind::kPlusMinus ? frame.flag : 0;
  PushValue(built);
}

// Whether the first factor is the letter d, or a power of it.
bool Parser::BeginsWithD(NodeId id) const {
  while (ast_.Is(id, Kind::kMultiply)) id = ast_.kid(id, 0);
  if (ast_.Is(id, Kind::kPower)) id = ast_.kid(id, 0);
  return ast_.Is(id, Kind::kSymbol) && ast_.name(id) == "d";
}

// dy/dx is one thing: nothing is cancelled in it.
NodeId Parser::Quotient(NodeId above, NodeId below) {
  const NodeId product = ast_.Is(below, Kind::kPower) ? ast_.kid(below, 0) : below;  // (dx)^2
  const auto is_variable = [this](NodeId id) {
    if (ast_.Is(id, Kind::kPower)) id = ast_.kid(id, 0);
    return ast_.Is(id, Kind::kSymbol) && ast_.name(id) != "d";
  };
  const bool derivative = BeginsWithD(above) && ast_.Is(product, Kind::kMultiply) && BeginsWithD(ast_.kid(product, 0)) && is_variable(ast_.kid(product, 1));
  const NodeId quotient = ast_.Add(derivative ? Kind::kCall : Kind::kDivide, {above, below});
  if (derivative) ast_.nodes[quotient].payload = ast_.NameId("derivative");
  return quotient;
}

// The dx behind the slash of dy/dx belongs together.
bool Parser::TakeDifferential() {
  if (Next().kind != Tok::kSymbol || Next().text != "d" || Ahead(1).kind != Tok::kSymbol || Ahead(1).space) return false;
  const bool alone = tokens_[at_ - 2].kind == Tok::kSymbol && tokens_[at_ - 2].text == "d";
  const bool factor = at_ > 2 && tokens_[at_ - 2].kind == Tok::kSymbol && tokens_[at_ - 3].kind == Tok::kSymbol && tokens_[at_ - 3].text == "d";
  if (!alone && !factor) return false;
  const NodeId d = ast_.AddNamed(Kind::kSymbol, "d"), name = ast_.AddNamed(Kind::kSymbol, Ahead(1).text);
  at_ += 2;
  PushValue(ast_.Add(Kind::kMultiply, {d, name}));
  Complete();
  return true;
}

void Parser::Infix(Kind node, Power binding, Power power, uint8_t flag) {
  ReduceTo(binding);
  if (Failed()) return;
  if (node == Kind::kPlusMinus && ++plus_minus_ > kMaxPlusMinus) return Fail("it has more than " + std::to_string(kMaxPlusMinus) + " signs ±");
  Frame& frame = Push(FrameKind::kInfix);
  frame.node = node;
  frame.power = power;
  frame.flag = flag;
  operand_expected_ = true;
}

void Parser::Prefix(Kind node, Power power, uint8_t flag) {
  if (node == Kind::kPlusMinus && ++plus_minus_ > kMaxPlusMinus) return Fail("it has more than " + std::to_string(kMaxPlusMinus) + " signs ±");
  // A sign belongs to the whole exponent operator that it stands behind: 2^-x·y is (2^-x)·y.
  if (Top().kind == FrameKind::kInfix && Top().power >= power) power = Top().power;
  if (Top().kind == FrameKind::kArguments && Top().waiting != Waiting::kExponent) return Fail("an argument was expected");
  if (Top().kind == FrameKind::kArguments) power = kPostfixPower;  // x^-1: the sign and one token.
  Frame& frame = Push(FrameKind::kPrefix);
  frame.node = node;
  frame.power = power;
  frame.flag = flag;
  operand_expected_ = true;
}

// How tightly a factor without a sign of multiplication binds: inside a function without brackets it belongs to the argument (sin 2x), unless it is itself a
// function or stands in brackets (sin x cos x, sin x (x + 1)).
Power Parser::ImplicitPower(const Token& next) const {
  if (next.kind == Tok::kFunction || next.kind == Tok::kWord || next.kind == Tok::kText) return kProductPower;
  // The dx of an integral is not in the argument of its last function.
  const bool integral = std::any_of(frames_.begin(), frames_.end(), [](const Frame& f) { return f.kind == FrameKind::kBig && f.node == Kind::kIntegral; });
  if (integral && next.kind == Tok::kSymbol && next.text == "d" && Ahead(1).kind == Tok::kSymbol) return kProductPower;
  const bool after_number = ast_.Is(values_.back(), Kind::kNumber);
  if ((next.kind == Tok::kOpen || next.kind == Tok::kBar) && !after_number) return kProductPower;
  return kImplicitInFunctionPower;
}

void Parser::ImplicitProduct() {
  if (ast_.Is(values_.back(), Kind::kSymbol) && Next().kind == Tok::kOpen && Next().op == '(' && !Next().space && at_ > 0 && tokens_[at_ - 1].kind == Tok::kSymbol) {
    int depth = 0;
    for (size_t i = at_; i < tokens_.size(); ++i) {
      if (!fuel_.Spend(1)) return Fail("out of fuel");
      if (tokens_[i].kind == Tok::kOpen) ++depth;
      if (tokens_[i].kind == Tok::kClose && --depth == 0) break;
      if (tokens_[i].kind != Tok::kComma || depth != 1) continue;
      const NodeId symbol = PopValue();
      const uint32_t name = static_cast<uint32_t>(ast_.node(symbol).payload);
      ast_.Drop(symbol);
      PushArguments(Waiting::kCall, 1);
      Top().extra = name;
      return;
    }
  }
  const bool in_function = std::any_of(frames_.rbegin(), frames_.rend(), [](const Frame& f) { return f.kind == FrameKind::kFunction; });
  const Power power = in_function ? ImplicitPower(Next()) : kProductPower;
  Infix(Kind::kMultiply, power, power);
}

void Parser::RelationHere(Relation relation) {
  if (Container().kind == FrameKind::kBar) return Fail("a relation stands between bars");
  while (!Failed() && IsOperator(Top()) && Top().kind != FrameKind::kRelation && Top().power > kRelationPower) ReduceOne();
  if (Failed()) return;
  if (Top().kind != FrameKind::kRelation) {
    Frame& frame = Push(FrameKind::kRelation);
    frame.power = kRelationPower;
    frame.values = static_cast<uint32_t>(values_.size() - 1);
    frame.extra = static_cast<uint32_t>(pending_relations_.size());
  }
  pending_relations_.push_back(relation);
  if (values_.size() - Top().values >= kMaxChainTerms) return Fail("the chain has more than " + std::to_string(kMaxChainTerms) + " terms");
  operand_expected_ = true;
}

void Parser::BuildRelation(const Frame& frame) {
  const std::vector<NodeId> terms(values_.begin() + frame.values, values_.end());
  values_.resize(frame.values);
  const NodeId chain = ast_.Add(Kind::kRelation, terms.data(), terms.size());
  ast_.nodes[chain].payload = static_cast<int32_t>(ast_.relations.size());
  ast_.relations.insert(ast_.relations.end(), pending_relations_.begin() + frame.extra, pending_relations_.end());
  const bool congruence = pending_relations_.size() == frame.extra + 1 && pending_relations_.back() == Relation::kEquivalent && ast_.Is(terms.back(), Kind::kModulo);
  pending_relations_.resize(frame.extra);
  if (!congruence) return PushValue(chain);
  // x ≡ 3 mod 7: the modulus belongs to the relation.
  const NodeId modulo = terms.back();
  const NodeId value = ast_.kid(modulo, 0);
  const NodeId modulus = ast_.kid(modulo, 1);
  ast_.kids[ast_.node(chain).first_kid + 1] = value;
  ast_.Drop(modulo);
  PushValue(ast_.Add(Kind::kCongruence, {chain, modulus}));
}

void Parser::Postfix(Kind node) {
  ReduceTo(kPostfixPower);
  if (Failed()) return;
  const NodeId operand = PopValue();
  if (node == Kind::kPrime) {
    if (!ast_.Is(operand, Kind::kSymbol)) return Fail("a prime stands where none can be");
    const std::string name = ast_.name(operand) + "'";
    ast_.Drop(operand);
    return PushValue(ast_.AddNamed(Kind::kSymbol, name));
  }
  PushValue(ast_.Add(node, {operand}));
}

// The tokens of the mark behind the number that is next: 30', 30^\prime, 30^{\prime}; 0 when there is none.
size_t Parser::MinuteMarkFollows() const {
  if (Ahead(1).kind == Tok::kPrime) return 1;
  if (Ahead(1).kind != Tok::kCaret) return 0;
  if (Ahead(2).kind == Tok::kPrime) return 2;
  return Ahead(2).kind == Tok::kOpen && Ahead(2).op == '{' && Ahead(3).kind == Tok::kPrime && Ahead(4).kind == Tok::kClose ? 4 : 0;
}

// 45°, and 45° 30' after it.
void Parser::DegreeMark() {
  ReduceTo(kPostfixPower);
  if (Failed()) return;
  if (ast_.Is(values_.back(), Kind::kDegree)) {
    const NodeId degree = PopValue();
    uint32_t decimals = 0;
    const std::optional<Rational> minutes = NumberValue(Next().text, &decimals);
    if (!minutes.has_value()) return;
    at_ += 1 + MinuteMarkFollows();
    const NodeId part = ast_.AddNumber(*minutes / Rational(60));
    const NodeId whole = ast_.kid(degree, 0);
    ast_.Drop(degree);
    const NodeId sum = ast_.Add(Kind::kAdd, {whole, part});
    return PushValue(ast_.Add(Kind::kDegree, {sum}));
  }
  const Token& next = Next();
  const bool letter = (next.kind == Tok::kSymbol || next.kind == Tok::kText || next.kind == Tok::kWord) && (next.text == "C" || next.text == "F" || next.text == "Celsius" || next.text == "Fahrenheit" || next.text == "celsius" || next.text == "fahrenheit");
  const NodeId operand = PopValue();
  if (!letter) return PushValue(ast_.Add(Kind::kDegree, {operand}));
  const NodeId unit = ast_.AddNamed(Kind::kUnit, next.text[0] == 'C' || next.text[0] == 'c' ? "celsius" : "fahrenheit");
  ++at_;
  PushValue(ast_.Add(Kind::kMultiply, {operand, unit}));
}

// A word behind a value: a unit or the things that are counted.
void Parser::Word(const Token& token) {
  if (token.text == "to") return ++at_, Infix(Kind::kRatio, kRatioPower, kRatioPower);
  if (token.text == "per cent" || (token.text == "per" && Ahead(1).text == "cent")) return at_ += token.text == "per" ? 2 : 1, Postfix(Kind::kPercent);
  if (token.text == "per" || token.text == "每") {
    ++at_;
    Infix(Kind::kDivide, kProductPower, kProductPower);
    if (Next().kind != Tok::kWord && Next().kind != Tok::kText && Next().kind != Tok::kSymbol) return Fail("a unit was expected");
    std::string unit(Next().text);
    ++at_;
    if (Next().kind == Tok::kWord && (Next().text == "squared" || Next().text == "cubed")) {
      unit += ' ';
      unit += Next().text;
      ++at_;
    }
    return UnitOperand(unit);
  }
  std::string words(token.text);
  ++at_;
  while (token.kind == Tok::kWord && Next().kind == Tok::kWord && Next().text != "per" && words.size() < kMaxWordBytes) {
    words += ' ';
    words += Next().text;
    ++at_;
  }
  if (TakeParity(words)) return;
  Infix(Kind::kMultiply, kProductPower, kProductPower);
  UnitOperand(words);
}

// "n is odd" is n ≡ 1 (mod 2).
bool Parser::TakeParity(std::string_view words) {
  const int residue = ParityOf(words);
  const NodeId name = values_.back();
  if (residue < 0 || !ast_.Is(name, Kind::kSymbol) || IsOperator(Top())) return false;
  const NodeId value = ast_.AddNumber(residue);
  const NodeId relation = ast_.AddEquation(PopValue(), value);
  ast_.relations.back() = Relation::kEquivalent;
  const NodeId two = ast_.AddNumber(2);
  PushValue(ast_.Add(Kind::kCongruence, {relation, two}));
  operand_expected_ = false;
  return true;
}

}  // namespace cohort::reward::math
