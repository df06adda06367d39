#include "services/reward/math/parser.h"

#include <algorithm>

#include "services/reward/math/parser_state.h"
#include "services/reward/math/units.h"

namespace cohort::reward::math {

void Parser::Fail(std::string_view what) {
  if (Failed()) return;
  const size_t begin = std::min<size_t>(Next().begin, lexed_.text.size());
  std::string rest = lexed_.text.substr(begin, 40);
  while (!rest.empty() && (static_cast<unsigned char>(rest.back()) & 0xC0) == 0x80) rest.pop_back();  // Not in the middle of a character.
  if (!rest.empty() && static_cast<unsigned char>(rest.back()) >= 0xC0) rest.pop_back();
  out_.error = std::string(what) + " at " + std::to_string(begin + 1) + ": '" + rest + "'";
}

Frame& Parser::Push(FrameKind kind) {
  if (frames_.size() > kMaxDepth) Fail("it is nested more than " + std::to_string(kMaxDepth) + " deep");
  Frame frame;
  frame.kind = kind;
  frame.values = static_cast<uint32_t>(values_.size());
  frames_.push_back(frame);
  return frames_.back();
}

void Parser::PushArguments(Waiting waiting, int needed) {
  Frame& frame = Push(FrameKind::kArguments);
  frame.waiting = waiting;
  frame.needed = static_cast<uint8_t>(needed);
  operand_expected_ = true;
}

void Parser::PushValue(NodeId id) {
  values_.push_back(id);
  if (ast_.nodes.size() > kMaxNodes) Fail("it has more than " + std::to_string(kMaxNodes) + " parts");
  if (ast_.names.size() > kMaxNames) Fail("it has more than " + std::to_string(kMaxNames) + " names");
}

NodeId Parser::PopValue() {
  if (values_.empty()) {
    Fail("a value was expected");
    return ast_.Add(Kind::kEllipsis, {});
  }
  const NodeId id = values_.back();
  values_.pop_back();
  return id;
}

const Frame& Parser::Container() const {
  for (size_t i = frames_.size(); i-- > 0;) {
    if (!IsOperator(frames_[i]) && frames_[i].kind != FrameKind::kArguments) return frames_[i];
  }
  return frames_.front();
}

int Parser::BracketDepth() const {
  return static_cast<int>(std::count_if(frames_.begin(), frames_.end(), [](const Frame& f) { return f.kind == FrameKind::kBracket || f.kind == FrameKind::kSet; }));
}

void Parser::Run() {
  Push(FrameKind::kRoot);
  while (!Failed()) {
    if (!fuel_.Spend(8)) return Fail("out of fuel");
    if (operand_expected_) {
      Operand();
    } else if (Next().kind == Tok::kEnd) {
      return FinishRoot();
    } else {
      Operator();
    }
  }
}

void Parser::FinishRoot() {
  ReduceTo(kChoosePower);
  if (Failed()) return;
  if (frames_.size() != 1) return Fail("something is not closed");
  ast_.root = GroupItems(frames_.front());
}

void Parser::Operand() {
  const Token token = Next();
  switch (token.kind) {
    case Tok::kNumber: return NumberOperand();
    case Tok::kNumeral: ++at_; return NumeralOperand(token);
    case Tok::kSymbol: ++at_; PushValue(ast_.AddNamed(Kind::kSymbol, token.text)); return Complete();
    case Tok::kPi: ++at_; PushValue(ast_.Add(Kind::kPi, {})); return Complete();
    case Tok::kE: ++at_; PushValue(ast_.Add(Kind::kE, {})); return Complete();
    case Tok::kI: ++at_; PushValue(ast_.Add(Kind::kI, {})); return Complete();
    case Tok::kInfinity: ++at_; PushValue(ast_.Add(Kind::kInfinity, {})); return Complete();
    case Tok::kEmptySet: ++at_; PushValue(ast_.Add(Kind::kEmptySet, {})); return Complete();
    case Tok::kEllipsis: ++at_; PushValue(ast_.Add(Kind::kEllipsis, {})); return Complete();
    case Tok::kNumberSet: ++at_; return NumberSetOperand(token);
    case Tok::kWord: case Tok::kText: ++at_; return TextOperand(token.text);
    case Tok::kOpen:
      if (token.op == '{' && Ahead(1).kind == Tok::kClose && TakeChoice()) return;
      return OpenBracket(token);
    case Tok::kUnderscore: case Tok::kCaret:
      if (TakeChoice() || Failed()) return;
      return Fail("a value was expected");
    case Tok::kBar: ++at_; return OpenContainer(FrameKind::kBar, '|');
    case Tok::kBegin: ++at_; OpenContainer(FrameKind::kEnvironment, 0); frames_.back().extra = static_cast<uint32_t>(separators_.size()); frames_.back().op = static_cast<uint16_t>(at_ - 1); return;
    case Tok::kFrac: ++at_; return PushArguments(Waiting::kFraction, 2);
    case Tok::kBinom: ++at_; return PushArguments(Waiting::kBinomial, 2);
    case Tok::kOverline: ++at_; return PushArguments(Waiting::kOverline, 1);
    case Tok::kSqrt: ++at_; return Next().kind == Tok::kOpen && Next().op == '[' ? PushArguments(Waiting::kRootWithIndex, 2) : PushArguments(Waiting::kRoot, 1);
    case Tok::kPlainRoot:
      ++at_;
      if (Next().kind != Tok::kOpen) return Prefix(Kind::kRoot, kRootPower, static_cast<uint8_t>(token.op));
      if (token.op == 2) return PushArguments(Waiting::kRoot, 1);
      PushArguments(Waiting::kRootWithIndex, 2);
      Top().got = 1;
      return PushValue(ast_.AddNumber(token.op));
    case Tok::kFunction: {
      ++at_;
      Frame& frame = Push(FrameKind::kFunction);
      frame.op = token.op;
      frame.power = kFunctionPower;
      return AfterScripts();
    }
    case Tok::kSum: case Tok::kProduct: case Tok::kIntegral: case Tok::kLimit: {
      ++at_;
      Frame& frame = Push(FrameKind::kBig);
      frame.power = kBigPower;
      frame.node = token.kind == Tok::kSum ? Kind::kSum : token.kind == Tok::kProduct ? Kind::kProduct : token.kind == Tok::kIntegral ? Kind::kIntegral : Kind::kLimit;
      return AfterScripts();
    }
    case Tok::kMinus: ++at_; return Prefix(Kind::kNegate, kSignPower);
    case Tok::kPlus: ++at_; return Prefix(Kind::kAdd, kSignPower);
    case Tok::kPlusMinus: ++at_; return Prefix(Kind::kPlusMinus, kSignPower, 0);
    case Tok::kMinusPlus: ++at_; return Prefix(Kind::kPlusMinus, kSignPower, 1);
    case Tok::kCurrency: {
      ++at_;
      Prefix(Kind::kUnit, kSignPower);
      Top().extra = static_cast<uint32_t>(ast_.NameId(token.text));
      return;
    }
    case Tok::kRelation:
      if (token.op == static_cast<uint16_t>(Relation::kLess) && lexed_.plain) return ++at_, OpenContainer(FrameKind::kBracket, '<');
      return Fail("a value was expected");
    case Tok::kIf: {
      if (Container().kind != FrameKind::kEnvironment) return Fail("a value was expected");
      ++at_;
      if (token.op == 1) return PushValue(ast_.AddText("otherwise", token.text)), Complete();
      return;
    }
    case Tok::kAnd: case Tok::kComma:
      // "1, 2, and 3": the comma before has separated already. A row of cases may end with a comma.
      if (!separators_.empty() && separators_.back() == kCommaSeparator && token.kind == Tok::kAnd && Container().extra < separators_.size()) return and_written_ = true, void(++at_);
      return Fail("a value was expected");
    case Tok::kOr:
      if (!separators_.empty() && separators_.back() == kCommaSeparator && Container().extra < separators_.size()) return ++at_, void(separators_.back() = kOrSeparator);
      return Fail("a value was expected");
    case Tok::kNegation:
      if (token.op == 0) return Fail("a value was expected");
      ++at_;
      if (token.op == 1 && TakeAngleName()) return;
      PushValue(ast_.AddNamed(Kind::kSymbol, token.op == 1 ? "Angle" : "Triangle"));  // A factor of the name behind it.
      return Complete();
    case Tok::kEndEnvironment:
      if (!separators_.empty() && separators_.back() == kRowSeparator && Top().kind == FrameKind::kEnvironment && Top().extra < separators_.size()) {
        separators_.pop_back();
        return CloseEnvironment();
      }
      return Fail("a value was expected");
    default: return Fail("a value was expected");
  }
}

// ∠ABC is ∠CBA, the angle at B, and not ∠BAC.
bool Parser::TakeAngleName() {
  const auto is_corner = [this](size_t i) { return Ahead(i).kind == Tok::kSymbol && Ahead(i).text.size() == 1 && Ahead(i).text[0] >= 'A' && Ahead(i).text[0] <= 'Z'; };
  if (!is_corner(0) || !is_corner(1) || !is_corner(2) || is_corner(3)) return false;
  const auto [first, last] = std::minmax(Next().text[0], Ahead(2).text[0]);
  const std::string name = std::string("Angle ") + first + Ahead(1).text[0] + last;
  at_ += 3;
  PushValue(ast_.AddNamed(Kind::kSymbol, name));
  Complete();
  return true;
}

// Whether the last value ends with the dx of an integral that is still open.
bool Parser::IntegralEnds() const {
  if (at_ < 2 || tokens_[at_ - 1].kind != Tok::kSymbol || tokens_[at_ - 2].kind != Tok::kSymbol || tokens_[at_ - 2].text != "d") return false;
  for (size_t i = frames_.size(); i-- > 0 && IsOperator(frames_[i]);) {
    if (frames_[i].kind == FrameKind::kBig && frames_[i].node == Kind::kIntegral) return true;
  }
  return false;
}

void Parser::Operator() {
  const Token token = Next();
  if (IntegralEnds() && token.kind != Tok::kCaret && token.kind != Tok::kUnderscore && token.kind != Tok::kPrime) ReduceTo(kBigPower);
  if (Failed()) return;
  switch (token.kind) {
    case Tok::kPlus: ++at_; return Infix(Kind::kAdd, kSumPower, kSumPower);
    case Tok::kMinus: ++at_; return Infix(Kind::kAdd, kSumPower, kSumPower, 1);
    case Tok::kPlusMinus: ++at_; return Infix(Kind::kPlusMinus, kSumPower, kSumPower, 0);
    case Tok::kMinusPlus: ++at_; return Infix(Kind::kPlusMinus, kSumPower, kSumPower, 1);
    case Tok::kTimes: ++at_; return Infix(Kind::kMultiply, kProductPower, kProductPower);
    case Tok::kDivide:
      ++at_;
      Infix(Kind::kDivide, kProductPower, kProductPower);
      return void(TakeDifferential());
    case Tok::kMod: ++at_; return Infix(Kind::kModulo, kModuloPower, kModuloPower);
    case Tok::kCup: ++at_; return Infix(Kind::kUnion, kUnionPower, kUnionPower);
    case Tok::kCap: ++at_; return Infix(Kind::kIntersection, kIntersectionPower, kIntersectionPower);
    case Tok::kSetMinus: ++at_; return Infix(Kind::kDifference, kUnionPower, kUnionPower);
    case Tok::kChoose: ++at_; return Infix(token.op == 1 ? Kind::kDivide : Kind::kBinomial, kChoosePower, kChoosePower);
    case Tok::kCaret: return Caret();
    case Tok::kUnderscore: return Subscript();
    case Tok::kBang: {
      ++at_;
      const bool twice = Next().kind == Tok::kBang && !Next().space;
      if (twice) ++at_;
      return Postfix(twice ? Kind::kDoubleFactorial : Kind::kFactorial);
    }
    case Tok::kPercent: ++at_; return Postfix(Kind::kPercent);
    case Tok::kCirc: case Tok::kDegreeWord: ++at_; return DegreeMark();
    case Tok::kPrime: ++at_; return Postfix(Kind::kPrime);
    case Tok::kRelation: {
      if (token.op == static_cast<uint16_t>(Relation::kGreater) && Container().kind == FrameKind::kBracket && Container().op == '<') return CloseBracket(token);
      ++at_;
      return RelationHere(static_cast<Relation>(token.op));
    }
    case Tok::kNot: {
      ++at_;
      if (Next().kind != Tok::kRelation) return Fail("a relation was expected");
      const Relation relation = static_cast<Relation>(Next().op);
      if (relation != Relation::kEqual && relation != Relation::kIn) return Fail("this relation cannot be negated");
      ++at_;
      return RelationHere(relation == Relation::kEqual ? Relation::kNotEqual : Relation::kNotIn);
    }
    case Tok::kMid: case Tok::kColon: case Tok::kBar: {
      const FrameKind container = Container().kind;
      if (container == FrameKind::kSet && Container().mid < 0) {
        ++at_;
        ReduceTo(kRelationPower);
        if (Failed()) return;
        Top().mid = static_cast<int32_t>(values_.size() - Top().values);
        operand_expected_ = true;
        return;
      }
      if (token.kind == Tok::kBar) return container == FrameKind::kBar ? CloseBar() : ImplicitProduct();
      ++at_;
      return token.kind == Tok::kColon ? Infix(Kind::kRatio, kRatioPower, kRatioPower) : RelationHere(Relation::kDivides);
    }
    case Tok::kPmod: ++at_; ReduceTo(kRelationPower); return PushArguments(Waiting::kModulus, 1);
    case Tok::kComma: return SeparatorHere(kCommaSeparator);
    case Tok::kSemicolon: return SeparatorHere(kSemicolonSeparator);
    case Tok::kAnd:
      if (SmallerUnitFollows()) return ++at_, Infix(Kind::kAdd, kProductPower, kSumPower);  // 2 hours and 30 minutes
      and_written_ = true;
      return SeparatorHere(kCommaSeparator);
    case Tok::kOr: return SeparatorHere(kOrSeparator);
    case Tok::kAmpersand: return SeparatorHere(kCellSeparator);
    case Tok::kRowBreak: return SeparatorHere(kRowSeparator);
    case Tok::kIf:
      if (Container().kind == FrameKind::kEnvironment) return void(++at_);  // After the & of a case.
      return Fail("an operator was expected");
    case Tok::kClose: return CloseBracket(token);
    case Tok::kEndEnvironment: return CloseEnvironment();
    case Tok::kWord: case Tok::kText: return Word(token);
    case Tok::kCurrency:
      ++at_;
      ImplicitProduct();
      PushValue(UnitNode(token.text));
      return Complete();
    case Tok::kOpen:
      if (token.op == '(' && Ahead(1).kind == Tok::kMod) {
        ReduceTo(kRelationPower);
        PushArguments(Waiting::kModulus, 1);
        at_ += 2;
        return OpenContainer(FrameKind::kBracket, '(');
      }
      if (DigitsGoOn()) return Fail("a number goes on in braces");
      return ImplicitProduct();
    case Tok::kNumber:
      if (ast_.Is(values_.back(), Kind::kUnit) && Ahead(1).kind != Tok::kEnd && Ahead(1).kind != Tok::kClose && Ahead(1).kind != Tok::kComma) return Infix(Kind::kAdd, kProductPower, kSumPower);  // 5 feet 6 inches
      if (NumberMayFollow()) return ImplicitProduct();
      if (ast_.Is(values_.back(), Kind::kDegree) && MinuteMarkFollows() > 0) return DegreeMark();
      return Fail("an operator was expected");
    case Tok::kSymbol: case Tok::kPi: case Tok::kE: case Tok::kI: case Tok::kFunction: case Tok::kFrac: case Tok::kSqrt: case Tok::kPlainRoot: case Tok::kBinom:
    case Tok::kOverline: case Tok::kSum: case Tok::kProduct: case Tok::kIntegral: case Tok::kLimit: case Tok::kInfinity: case Tok::kBegin:
      return ImplicitProduct();
    case Tok::kEllipsis: return ImplicitProduct();
    case Tok::kNegation:
      // The measure of an angle is its name: m∠A.
      if (token.op != 1 || !ast_.Is(values_.back(), Kind::kSymbol) || ast_.name(values_.back()) != "m") return Fail("an operator was expected");
      ast_.Drop(PopValue());
      operand_expected_ = true;
      return;
    default: return Fail("an operator was expected");
  }
}

// 4{2} and {4}{2} are written like 42, and are no product.
bool Parser::DigitsGoOn() const {
  const Token& before = tokens_[at_ - 1];
  const bool number = before.kind == Tok::kNumber || (before.kind == Tok::kClose && before.op == '}');
  return Next().op == '{' && Ahead(1).kind == Tok::kNumber && number && ast_.Is(values_.back(), Kind::kNumber);
}

// Whether the number and unit behind "and" are the rest of one time, price or height: hours and minutes, dollars and cents, feet and inches.
bool Parser::SmallerUnitFollows() const {
  const NodeId last = values_.back();
  if (!ast_.Is(last, Kind::kUnit) || Ahead(1).kind != Tok::kNumber || (Ahead(2).kind != Tok::kWord && Ahead(2).kind != Tok::kText)) return false;
  const Unit* large = FindUnit(ast_.name(last));
  const Unit* small = FindUnit(Ahead(2).text);
  if (large == nullptr || small == nullptr || large->dimension != small->dimension || Compare(large->scale, small->scale) <= 0) return false;
  const Dimension second = {{"s", 1}}, meter = {{"m", 1}};
  const bool feet = large->dimension == meter && large->scale == FindUnit("foot")->scale && small->scale == FindUnit("inch")->scale;
  return large->dimension == second || IsMoney(large->dimension) || feet;
}

// Whether a number behind the last value is a factor: n2^n, i4, 2!3!, 2^{10}3^{10}. Two numbers side by side are an error.
bool Parser::NumberMayFollow() const {
  const Token& before = tokens_[at_ - 1];
  switch (before.kind) {
    case Tok::kSymbol: case Tok::kPi: case Tok::kE: case Tok::kI: case Tok::kBang: return true;
    case Tok::kClose: return before.op == ')' || (before.op == '}' && ast_.Is(values_.back(), Kind::kPower));
    default: return false;
  }
}

}  // namespace cohort::reward::math
