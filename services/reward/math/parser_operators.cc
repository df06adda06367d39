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
  if (frame.node == Kind::kAdd && frame.flag == 1 && (ast_.Is(right, Kind::kSet) || ast_.Is(right, Kind::kEmptySet))) {  // ℝ - \{0\}
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
  const NodeId built = ast_.Add(frame.node, {left, right});
  ast_.nodes[built].flag = frame.node == Kind::kPlusMinus ? frame.flag : 0;
  PushValue(built);
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

void Parser::Caret() {
  ++at_;
  const Token next = Next();
  if (next.kind == Tok::kCirc) return ++at_, DegreeMark();
  if (next.kind == Tok::kPrime) return ++at_, Postfix(Kind::kPrime);
  if (next.kind == Tok::kOpen && next.op == '{' && Ahead(2).kind == Tok::kClose) {
    if (Ahead(1).kind == Tok::kCirc) return at_ += 3, DegreeMark();
    if (Ahead(1).kind == Tok::kPrime) return at_ += 3, Postfix(Kind::kPrime);
  }
  ReduceTo(kPostfixPower);
  if (Failed()) return;
  // In LaTeX the exponent is one group or one token, and a second exponent on the same base is an error; in plain text it is an operator.
  const bool subscript_follows = next.kind == Tok::kNumber && Ahead(1).kind == Tok::kUnderscore;  // C^2_5
  if (!lexed_.plain || subscript_follows || (next.kind == Tok::kOpen && next.op == '{')) {
    if (exponent_end_ == at_ - 1) return Fail("a second exponent stands on the same base");
    return PushArguments(Waiting::kExponent, 1);
  }
  Frame& frame = Push(FrameKind::kInfix);
  frame.node = Kind::kPower;
  frame.power = static_cast<Power>(kExponentPower - 1);  // From right to left: 2^3^2 is 2^9.
  operand_expected_ = true;
}

// x^2_5 is x_5^2, and C^2_5 a binomial coefficient.
bool Parser::SubscriptOfPower(const std::string& subscript) {
  const NodeId power = PopValue(), base = ast_.kid(power, 0), exponent = ast_.kid(power, 1);
  const std::string name = ast_.name(base);
  if (name.find('_') != std::string::npos) return Fail("a second subscript stands on the same name"), false;
  if (name != "C") {
    ast_.nodes[base].payload = ast_.NameId(name + "_" + subscript);
    return PushValue(power), true;
  }
  if (!std::all_of(subscript.begin(), subscript.end(), [](char c) { return c >= '0' && c <= '9'; }) && subscript.size() != 1) return Fail("a number was expected"), false;
  const bool letter = subscript[0] > '9';
  ast_.Drop(base);
  ast_.Drop(power);
  uint32_t none = 0;
  const NodeId all = letter ? ast_.AddNamed(Kind::kSymbol, subscript) : ast_.AddNumber(NumberValue(subscript, &none).value_or(Rational(0)));
  const NodeId chosen = ast_.Copy(ast_, exponent);
  for (NodeId id = ast_.node(exponent).begin; id <= exponent; ++id) ast_.Drop(id);
  return PushValue(ast_.Add(Kind::kBinomial, {all, chosen})), true;
}

void Parser::Subscript() {
  const NodeId symbol = values_.back();
  const bool powered = ast_.Is(symbol, Kind::kPower) && ast_.Is(ast_.kid(symbol, 0), Kind::kSymbol) && exponent_end_ == at_;
  if (!powered && !ast_.Is(symbol, Kind::kSymbol) && !ast_.Is(symbol, Kind::kE) && !ast_.Is(symbol, Kind::kI)) return Fail("a subscript stands where none can be");
  const size_t first = at_ + 1;
  size_t end = first;
  std::string subscript;
  if (tokens_[std::min(first, tokens_.size() - 1)].kind == Tok::kOpen && Ahead(1).op == '{') {
    for (int depth = 0; end < tokens_.size() && tokens_[end].kind != Tok::kEnd; ++end) {
      if (tokens_[end].kind == Tok::kOpen && tokens_[end].op == '{') ++depth;
      if (tokens_[end].kind == Tok::kClose && tokens_[end].op == '}' && --depth == 0) break;
    }
    const uint32_t from = tokens_[first].begin + 1;
    if (tokens_[std::min(end, tokens_.size() - 1)].kind != Tok::kClose) return Fail("a subscript is not closed");
    subscript = lexed_.text.substr(from, tokens_[end].begin - from);
    ++end;
  } else {
    const Token& token = Ahead(1);
    if (token.kind != Tok::kNumber && token.kind != Tok::kSymbol && token.kind != Tok::kE && token.kind != Tok::kI && token.kind != Tok::kInfinity) return Fail("a subscript was expected");
    const bool digit = token.kind == Tok::kNumber && !lexed_.plain;
    subscript = std::string(token.kind == Tok::kInfinity ? "infty" : digit ? token.text.substr(0, 1) : token.text);
    end = first + 1;
    if (digit && token.text.size() > 1) {
      tokens_[first].text.remove_prefix(1);
      tokens_[first].begin += 1;
      end = first;
    }
  }
  for (const std::string_view style : {"\\text", "\\mathrm", "\\rm"}) {
    for (size_t found; (found = subscript.find(style)) != std::string::npos;) subscript.erase(found, style.size());
  }
  std::erase_if(subscript, [](char c) { return c == ' ' || c == '{' || c == '}'; });
  if (subscript.empty() || subscript.size() > kMaxSubscriptBytes) return Fail("the subscript is empty or longer than " + std::to_string(kMaxSubscriptBytes) + " bytes");
  if (powered) {
    at_ = end;
    SubscriptOfPower(subscript);
    return;
  }
  const bool choose = ast_.Is(symbol, Kind::kSymbol) && ast_.name(symbol) == "C" && end < tokens_.size() && tokens_[end].kind == Tok::kCaret;
  if (choose) {  // C_n^k
    ast_.Drop(PopValue());
    ++at_;
    return PushArguments(Waiting::kChoose, 2);
  }
  at_ = end;
  const std::string base = ast_.Is(symbol, Kind::kSymbol) ? ast_.name(symbol) : ast_.Is(symbol, Kind::kE) ? "e" : "i";
  ast_.Drop(PopValue());
  PushValue(ast_.AddNamed(Kind::kSymbol, base + "_" + subscript));
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

// 45°, and 45° 30' after it.
void Parser::DegreeMark() {
  ReduceTo(kPostfixPower);
  if (Failed()) return;
  if (ast_.Is(values_.back(), Kind::kDegree)) {
    const NodeId degree = PopValue();
    uint32_t decimals = 0;
    const std::optional<Rational> minutes = NumberValue(Next().text, &decimals);
    if (!minutes.has_value()) return;
    at_ += 2;
    const NodeId part = ast_.AddNumber(*minutes / Rational(60));
    const NodeId whole = ast_.kid(degree, 0);
    ast_.Drop(degree);
    const NodeId sum = ast_.Add(Kind::kAdd, {whole, part});
    return PushValue(ast_.Add(Kind::kDegree, {sum}));
  }
  const Token& next = Next();
  const bool letter = (next.kind == Tok::kSymbol || next.kind == Tok::kText || next.kind == Tok::kWord) && (next.text == "C" || next.text == "F");
  const NodeId operand = PopValue();
  if (!letter) return PushValue(ast_.Add(Kind::kDegree, {operand}));
  const NodeId unit = ast_.AddNamed(Kind::kUnit, next.text == "C" ? "celsius" : "fahrenheit");
  ++at_;
  PushValue(ast_.Add(Kind::kMultiply, {operand, unit}));
}

// A word behind a value: a unit or the things that are counted.
void Parser::Word(const Token& token) {
  if (token.text == "to") return ++at_, Infix(Kind::kRatio, kRatioPower, kRatioPower);
  if (token.text == "per" || token.text == "每") {
    ++at_;
    Infix(Kind::kDivide, kProductPower, kProductPower);
    if (Next().kind != Tok::kWord && Next().kind != Tok::kText && Next().kind != Tok::kSymbol) return Fail("a unit was expected");
    const Token unit = Next();
    ++at_;
    return UnitOperand(unit.text);
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

NodeId Parser::BuildFunction(const Frame& frame) {
  NodeId argument = PopValue();
  NodeId exponent = 0, base = 0;
  if (frame.has_base && frame.has_exponent) {
    const NodeId second = PopValue(), first = PopValue();
    exponent = frame.exponent_first ? first : second;
    base = frame.exponent_first ? second : first;
  } else if (frame.has_base) {
    base = PopValue();
  } else if (frame.has_exponent) {
    exponent = PopValue();
  }
  Function function = static_cast<Function>(frame.op);
  if (function == Function::kLog && !frame.has_base) function = Function::kLog10;
  if (frame.has_base && function != Function::kLog) Fail("this function has no base");
  // sin^{-1} is the inverse function.
  bool inverse = false;
  if (frame.has_exponent && function <= Function::kTanh) {
    const bool minus_one = (ast_.Is(exponent, Kind::kNegate) && ast_.Is(ast_.kid(exponent, 0), Kind::kNumber) && ast_.number(ast_.kid(exponent, 0)).is_one());
    static constexpr Function kInverses[][2] = {{Function::kSin, Function::kArcSin},   {Function::kCos, Function::kArcCos},   {Function::kTan, Function::kArcTan},
                                                {Function::kCot, Function::kArcCot},   {Function::kSinh, Function::kArSinh}, {Function::kCosh, Function::kArCosh},
                                                {Function::kTanh, Function::kArTanh}};
    for (const auto& [direct, inverted] : kInverses) {
      if (minus_one && function == direct) {
        function = inverted;
        inverse = true;
        break;
      }
    }
  }
  if (function == Function::kDet && ast_.Is(argument, Kind::kMatrix)) return Determinant(argument);
  if (function == Function::kCis) {
    const NodeId i = ast_.Add(Kind::kI, {});
    argument = ast_.Add(Kind::kMultiply, {argument, i});
    function = Function::kExp;
  }
  const bool several = ast_.Is(argument, Kind::kTuple) || ast_.Is(argument, Kind::kSet) || ast_.Is(argument, Kind::kList);
  const bool takes_several = function == Function::kGcd || function == Function::kLcm || function == Function::kMax || function == Function::kMin;
  if (several != takes_several && !(function == Function::kDet && !several)) Fail(takes_several ? "several arguments were expected" : "one argument was expected");
  if (Failed()) return argument;
  NodeId built;
  if (several) {
    std::vector<NodeId> arguments;
    for (size_t i = 0; i < ast_.node(argument).kid_count; ++i) arguments.push_back(ast_.kid(argument, i));
    ast_.Drop(argument);
    built = ast_.Add(Kind::kFunction, arguments.data(), arguments.size());
  } else {
    built = function == Function::kLog ? ast_.Add(Kind::kFunction, {base, argument}) : ast_.Add(Kind::kFunction, {argument});
  }
  ast_.nodes[built].op = static_cast<uint16_t>(function);
  return frame.has_exponent && !inverse ? ast_.Add(Kind::kPower, {built, exponent}) : built;
}

NodeId Parser::BuildBig(const Frame& frame) {
  const NodeId body = PopValue();
  NodeId lower = 0, upper = 0;
  if (frame.has_base && frame.has_exponent) {
    const NodeId second = PopValue(), first = PopValue();
    lower = frame.exponent_first ? second : first;
    upper = frame.exponent_first ? first : second;
  } else if (frame.has_base) {
    lower = PopValue();
  } else if (frame.has_exponent) {
    Fail("a lower bound was expected");
  }
  if (Failed()) return body;
  if (!frame.has_base) {
    if (frame.node != Kind::kIntegral) Fail("bounds were expected");
    return Bind(ast_.Add(frame.node, {body}), body);
  }
  if (frame.node == Kind::kLimit) {
    const NodeId limit = ast_.Add(frame.node, {lower, body});
    const bool names = ast_.Is(lower, Kind::kRelation) && ast_.Is(ast_.kid(lower, 0), Kind::kSymbol);
    ast_.nodes[limit].payload = ast_.NameId(names ? ast_.name(ast_.kid(lower, 0)) : "");
    return limit;
  }
  if (!frame.has_exponent) return Fail("an upper bound was expected"), body;
  if (frame.node == Kind::kIntegral) return Bind(ast_.Add(frame.node, {lower, upper, body}), body);
  // The lower bound names the variable: k = 1. Upright constants may be variables here.
  const bool names = ast_.Is(lower, Kind::kRelation) && ast_.node(lower).kid_count == 2 && ast_.relation(lower, 0) == Relation::kEqual;
  const NodeId variable = names ? ast_.kid(lower, 0) : lower;
  const Kind kind = ast_.node(variable).kind;
  if (!names || (kind != Kind::kSymbol && kind != Kind::kI && kind != Kind::kE)) return Fail("a lower bound like k = 1 was expected"), body;
  const std::string name = kind == Kind::kSymbol ? ast_.name(variable) : kind == Kind::kI ? "i" : "e";
  const NodeId from = ast_.kid(lower, 1);
  ast_.Drop(lower);
  ast_.Drop(variable);
  const int32_t id = ast_.NameId(name);
  for (NodeId i = ast_.node(body).begin; kind != Kind::kSymbol && i <= body; ++i) {
    if (ast_.node(i).kind != kind) continue;
    ast_.nodes[i].kind = Kind::kSymbol;
    ast_.nodes[i].payload = id;
  }
  const NodeId big = ast_.Add(frame.node, {from, upper, body});
  ast_.nodes[big].payload = id;
  return big;
}

// The variable of an integral is the one behind the d at the end of its body.
NodeId Parser::Bind(NodeId integral, NodeId body) {
  std::string name;
  if (ast_.Is(body, Kind::kMultiply) && ast_.Is(ast_.kid(body, 1), Kind::kSymbol)) {
    const NodeId left = ast_.kid(body, 0);
    const NodeId before = ast_.Is(left, Kind::kMultiply) ? ast_.kid(left, 1) : left;
    if (ast_.Is(before, Kind::kSymbol) && ast_.name(before) == "d") name = ast_.name(ast_.kid(body, 1));
  }
  ast_.nodes[integral].payload = ast_.NameId(name);
  return integral;
}

// A value is complete: hand it to the command that waits for it, or expect an operator.
void Parser::Complete() {
  operand_expected_ = false;
  while (!Failed()) {
    // x^-1: a sign before an argument of one token.
    if (Top().kind == FrameKind::kPrefix && Top().power == kPostfixPower && frames_.size() > 1 && frames_[frames_.size() - 2].kind == FrameKind::kArguments) {
      ReduceOne();
    } else if (Top().kind == FrameKind::kArguments) {
      if (!DeliverArgument()) return;
    } else if (Top().kind == FrameKind::kFunction && Top().call) {
      ReduceOne();
    } else {
      return;
    }
  }
}

// false when the parser goes on with something else than the value that came out.
bool Parser::DeliverArgument() {
  Frame& frame = Top();
  if (++frame.got < frame.needed) {
    operand_expected_ = true;
    if (frame.waiting == Waiting::kChoose) {
      if (Next().kind != Tok::kCaret) return Fail("an exponent was expected"), false;
      ++at_;
    }
    return false;
  }
  const Frame done = frame;
  frames_.pop_back();
  switch (done.waiting) {
    case Waiting::kFunctionExponent: case Waiting::kBigUpper: Top().has_exponent = true; Top().exponent_first = !Top().has_base; AfterScripts(); return false;
    case Waiting::kFunctionBase: case Waiting::kBigLower: Top().has_base = true; AfterScripts(); return false;
    default: break;
  }
  const NodeId built = BuildArguments(done);
  if (Failed()) return false;
  PushValue(built);
  operand_expected_ = false;
  return true;
}

NodeId Parser::BuildArguments(const Frame& frame) {
  const NodeId last = PopValue();
  switch (frame.waiting) {
    case Waiting::kOverline: return ast_.Add(Kind::kBar, {last});
    case Waiting::kRoot: {
      const NodeId two = ast_.AddNumber(2);
      return ast_.Add(Kind::kRoot, {last, two});
    }
    case Waiting::kCall: {
      std::vector<NodeId> arguments;
      for (size_t i = 0; i < ast_.node(last).kid_count; ++i) arguments.push_back(ast_.kid(last, i));
      ast_.Drop(last);
      if (ast_.names[frame.extra] == "C" && arguments.size() == 2) return ast_.Add(Kind::kBinomial, {arguments[0], arguments[1]});
      const NodeId call = ast_.Add(Kind::kCall, arguments.data(), arguments.size());
      ast_.nodes[call].payload = static_cast<int32_t>(frame.extra);
      return call;
    }
    default: break;
  }
  const NodeId first = PopValue();
  switch (frame.waiting) {
    case Waiting::kFraction: return ast_.Add(Kind::kDivide, {first, last});
    case Waiting::kRootWithIndex: return ast_.Add(Kind::kRoot, {last, first});
    case Waiting::kBinomial: case Waiting::kChoose: return ast_.Add(Kind::kBinomial, {first, last});
    case Waiting::kModulus: return ast_.Add(Kind::kCongruence, {first, last});
    default: break;
  }
  exponent_end_ = at_;
  return ast_.Add(Kind::kPower, {first, last});
}

// Reads the scripts of a function or big operator, then its argument.
void Parser::AfterScripts() {
  operand_expected_ = true;
  Frame& frame = Top();
  const bool function = frame.kind == FrameKind::kFunction;
  if (Next().kind == Tok::kUnderscore && !frame.has_base) return ++at_, PushArguments(function ? Waiting::kFunctionBase : Waiting::kBigLower, 1);
  if (Next().kind == Tok::kCaret && !frame.has_exponent) return ++at_, PushArguments(function ? Waiting::kFunctionExponent : Waiting::kBigUpper, 1);
  frame.call = function && Next().kind == Tok::kOpen;
  if (!function || frame.call || Next().kind != Tok::kEnd) return;
  Fail("an argument was expected");
}

}  // namespace cohort::reward::math
