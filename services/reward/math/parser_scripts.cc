// Exponents and subscripts.
#include <algorithm>

#include "services/reward/math/parser_state.h"

namespace cohort::reward::math {

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
