// Operands of the parser that are written in digits, and sets of numbers.
#include <algorithm>

#include "services/reward/math/parser_state.h"

namespace cohort::reward::math {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

// The value of a literal: digits, at most one point, an exponent behind 'E'.
std::optional<Rational> Parser::NumberValue(std::string_view text, uint32_t* decimals) {
  const size_t exponent_at = std::min(text.find('E'), text.size());
  const std::string_view mantissa = text.substr(0, exponent_at);
  const size_t point = std::min(mantissa.find('.'), mantissa.size());
  std::string digits(mantissa.substr(0, point));
  if (point < mantissa.size()) digits += mantissa.substr(point + 1);
  *decimals = static_cast<uint32_t>(point < mantissa.size() ? mantissa.size() - point - 1 : 0);
  const int64_t cost = static_cast<int64_t>(digits.size());
  if (digits.empty()) return Fail("a digit was expected"), std::nullopt;
  if (!fuel_.Spend(1 + cost + cost * cost / 256)) return Fail("out of fuel"), std::nullopt;
  Rational value = Rational::FromDigits(digits, *decimals);
  if (exponent_at < text.size()) {
    const int exponent = std::stoi(std::string(text.substr(exponent_at + 1)));
    const Rational scale = Rational::PowerOfTen(static_cast<uint64_t>(std::abs(exponent)));
    value = exponent < 0 ? value / scale : value * scale;
  }
  return value;
}

// Joins 1,234,567 into one literal where the reading says so; the tokens of the groups are taken.
std::string_view Parser::JoinThousands() {
  const Token first = Next();
  ++at_;
  const auto is_group = [this](size_t comma) {
    if (comma + 1 >= tokens_.size() || tokens_[comma].kind != Tok::kComma || tokens_[comma].space) return false;
    const Token& digits = tokens_[comma + 1];
    return digits.kind == Tok::kNumber && !digits.space && std::min(digits.text.find('.'), digits.text.size()) == 3 && digits.text.find('E') == std::string_view::npos;
  };
  const bool leads = first.text.size() <= 3 && first.text[0] != '0' && std::all_of(first.text.begin(), first.text.end(), IsDigit);
  if (!leads || !is_group(at_)) return first.text;
  size_t end = at_;
  while (is_group(end)) {
    const bool last = tokens_[end + 1].text.size() != 3;  // It has decimals.
    end += 2;
    if (last) break;
  }
  // 1,234,56 is a list.
  if (end < tokens_.size() && tokens_[end].kind == Tok::kComma && !tokens_[end].space && end + 1 < tokens_.size() && tokens_[end + 1].kind == Tok::kNumber && !tokens_[end + 1].space) {
    return first.text;
  }
  out_.ambiguous = true;
  const bool join = BracketDepth() > 0 ? reading_.thousands_inside_brackets : reading_.thousands_outside_brackets;
  if (!join) return first.text;
  std::string& joined = lexed_.storage.emplace_back(first.text);
  for (; at_ < end; at_ += 2) joined += tokens_[at_ + 1].text;
  return joined;
}

void Parser::NumberOperand() {
  if (Top().kind == FrameKind::kArguments || (Top().kind == FrameKind::kPrefix && Top().power == kPostfixPower)) {
    // An argument without braces is one digit: \frac12.
    Token& token = tokens_[at_];
    const char digit = token.text[0];
    if (!IsDigit(digit)) return Fail("a digit was expected");
    const bool whole = Top().kind == FrameKind::kArguments && (lexed_.plain || Top().waiting == Waiting::kModulus);
    if (whole) {
      uint32_t none = 0;
      const std::optional<Rational> value = NumberValue(token.text, &none);
      if (!value.has_value()) return;
      ++at_;
      PushValue(ast_.AddNumber(*value));
      return Complete();
    }
    token.text.remove_prefix(1);
    token.begin += 1;
    token.space = false;
    if (token.text.empty()) ++at_;
    if (!token.text.empty() && token.text[0] == '.') return Fail("a digit was expected");
    PushValue(ast_.AddNumber(digit - '0'));
    return Complete();
  }
  const std::string_view text = JoinThousands();
  if (text.back() == '.' || Next().kind == Tok::kOverline || Next().kind == Tok::kDotOver || (Next().kind == Tok::kOpen && Next().op == '(' && !Next().space)) {
    if (text.find('.') != std::string_view::npos && TakeRepetend(text)) return Complete();
    if (Failed()) return;
  }
  uint32_t decimals = 0;
  const std::optional<Rational> value = NumberValue(text, &decimals);
  if (!value.has_value()) return;
  const bool whole = text.find_first_of(".E") == std::string_view::npos;
  if (whole && TakeMixedFraction(*value)) return Complete();
  if (Failed()) return;
  const NodeId number = ast_.AddNumber(*value);
  if (!whole) {
    ast_.nodes[number].flag = kWrittenAsDecimal;
    ast_.nodes[number].extra = decimals;
  }
  PushValue(number);
  Complete();
}

// Digits in braces or without, at token `at`.
bool Parser::PeekDigits(size_t at, std::string_view* digits, size_t* next) const {
  if (at >= tokens_.size()) return false;
  const bool braces = tokens_[at].kind == Tok::kOpen && tokens_[at].op == '{';
  const size_t number = braces ? at + 1 : at;
  if (number >= tokens_.size() || tokens_[number].kind != Tok::kNumber) return false;
  *digits = tokens_[number].text;
  *next = number + (braces ? 2 : 1);
  if (!std::all_of(digits->begin(), digits->end(), IsDigit)) return false;
  return !braces || (number + 1 < tokens_.size() && tokens_[number + 1].kind == Tok::kClose && tokens_[number + 1].op == '}');
}

// 2\frac12, 2{\frac12} and 2 1/2: a proper fraction behind a whole number.
bool Parser::TakeMixedFraction(const Rational& whole) {
  std::string_view numerator, denominator;
  size_t end = 0;
  const size_t braces = Next().kind == Tok::kOpen && Next().op == '{' && Ahead(1).kind == Tok::kFrac ? 1 : 0;
  if (Ahead(braces).kind == Tok::kFrac) {
    size_t second = 0;
    const size_t first = at_ + braces + 1;
    if (!PeekDigits(first, &numerator, &second)) return false;
    const bool split = tokens_[first].kind == Tok::kNumber && numerator.size() > 1;  // \frac12
    if (split) {
      if (numerator.size() != 2) return false;
      denominator = numerator.substr(1);
      numerator = numerator.substr(0, 1);
      end = second;
    } else if (!PeekDigits(second, &denominator, &end) || (tokens_[second].kind == Tok::kNumber && denominator.size() > 1)) {
      return false;
    }
  } else if (Next().kind == Tok::kNumber && Next().space && Ahead(1).kind == Tok::kDivide && Ahead(2).kind == Tok::kNumber) {
    numerator = Next().text;
    denominator = Ahead(2).text;
    end = at_ + 3;
  } else {
    return false;
  }
  if (braces > 0 && (tokens_[std::min(end, tokens_.size() - 1)].kind != Tok::kClose || tokens_[end++].op != '}')) return false;
  const auto digits_only = [](std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit); };
  if (!digits_only(numerator) || !digits_only(denominator)) return false;
  uint32_t none = 0;
  const std::optional<Rational> above = NumberValue(numerator, &none), below = NumberValue(denominator, &none);
  if (!above.has_value() || !below.has_value()) return false;
  if (below->is_zero() || Compare(*above, *below) >= 0 || above->is_zero()) return false;
  at_ = end;
  const NodeId number = ast_.AddNumber(whole + *above / *below);
  ast_.nodes[number].flag = kWrittenAsMixed;
  PushValue(number);
  return true;
}

// 0.1\overline{6}, 0.(3), 0.\dot{1}4285\dot{7}: `text` is the part before the digits that repeat.
bool Parser::TakeRepetend(std::string_view text) {
  std::string repetend;
  size_t at = at_, end = 0;
  std::string_view digits;
  if (tokens_[at].kind == Tok::kOverline) {
    if (!PeekDigits(at + 1, &digits, &end)) return Fail("digits were expected"), false;
    repetend = digits;
  } else if (tokens_[at].kind == Tok::kDotOver) {
    if (!PeekDigits(at + 1, &digits, &end)) return Fail("digits were expected"), false;
    repetend = digits;
    size_t inner = end, after = 0;
    std::string between;
    if (inner < tokens_.size() && tokens_[inner].kind == Tok::kNumber && std::all_of(tokens_[inner].text.begin(), tokens_[inner].text.end(), IsDigit)) between = tokens_[inner++].text;
    if (inner < tokens_.size() && tokens_[inner].kind == Tok::kDotOver && PeekDigits(inner + 1, &digits, &after)) {
      repetend += between + std::string(digits);
      end = after;
    }
  } else if (tokens_[at].kind == Tok::kOpen && tokens_[at].op == '(' && Ahead(1).kind == Tok::kNumber && Ahead(2).kind == Tok::kClose && Ahead(2).op == ')') {
    digits = Ahead(1).text;
    if (!std::all_of(digits.begin(), digits.end(), IsDigit)) return false;
    repetend = digits;
    end = at + 3;
  } else {
    return false;
  }
  const std::string head(text.back() == '.' ? text.substr(0, text.size() - 1) : text);
  if (head.size() + repetend.size() > kMaxDigits) return Fail("a number has more than " + std::to_string(kMaxDigits) + " digits"), false;
  uint32_t decimals = 0, none = 0;
  const std::optional<Rational> before = NumberValue(head.empty() ? "0" : head, &decimals), repeated = NumberValue(repetend, &none);
  if (!before.has_value() || !repeated.has_value()) return false;
  at_ = end;
  const Rational nines = Rational::PowerOfTen(repetend.size()) - Rational(1);
  PushValue(ast_.AddNumber(*before + *repeated / (nines * Rational::PowerOfTen(decimals))));
  return true;
}

// {}_5C_2 and {}^5P_2, with or without the braces: the parser stands before the first script.
bool Parser::TakeChoice() {
  std::string_view all, chosen;
  size_t letter = 0, end = 0;
  const size_t mark = at_ + (Next().kind == Tok::kOpen ? 2 : 0);
  if (mark >= tokens_.size() || (tokens_[mark].kind != Tok::kUnderscore && tokens_[mark].kind != Tok::kCaret) || !PeekDigits(mark + 1, &all, &letter) || letter + 1 >= tokens_.size()) return false;
  const bool order = tokens_[letter].text == "P";
  if (tokens_[letter].kind != Tok::kSymbol || (!order && tokens_[letter].text != "C")) return false;
  if (tokens_[letter + 1].kind != Tok::kUnderscore || !PeekDigits(letter + 2, &chosen, &end)) return false;
  uint32_t none = 0;
  const std::optional<Rational> n = NumberValue(all, &none), k = NumberValue(chosen, &none);
  if (!n.has_value() || !k.has_value()) return false;
  at_ = end;
  const NodeId above = ast_.AddNumber(*n), below = ast_.AddNumber(*k);
  NodeId value = ast_.Add(Kind::kBinomial, {above, below});
  if (order) {
    const NodeId again = ast_.AddNumber(*k);
    const NodeId orders = ast_.Add(Kind::kFactorial, {again});
    value = ast_.Add(Kind::kMultiply, {value, orders});
  }
  PushValue(value);
  Complete();
  return true;
}

// ℝ_{>0}, ℝ_{\ge 0}, ℤ_{>0}: the part on one side of zero.
bool Parser::TakeHalfLine(const Token& set) {
  const bool fits = Ahead(1).kind == Tok::kOpen && Ahead(2).kind == Tok::kRelation && Ahead(3).kind == Tok::kNumber && Ahead(3).text == "0" && Ahead(4).kind == Tok::kClose && Ahead(4).op == '}';
  const Relation relation = fits ? static_cast<Relation>(Ahead(2).op) : Relation::kEqual;
  const bool above = relation == Relation::kGreater, below = relation == Relation::kLess, half_closed = relation == Relation::kGreaterEqual && set.text == "R";
  if ((!above && !below && !half_closed) || (set.text != "R" && set.text != "Z") || (below && set.text != "R")) return false;
  at_ += 5;
  if (!half_closed) {
    PushValue(ast_.AddNamed(Kind::kNumberSet, std::string(set.text) + (above ? '+' : '-')));
    return Complete(), true;
  }
  const NodeId zero = ast_.AddNumber(0), infinity = ast_.Add(Kind::kInfinity, {});
  const NodeId interval = ast_.Add(Kind::kTuple, {zero, infinity});
  ast_.nodes[interval].op = PackBrackets('[', ')');
  PushValue(interval);
  return Complete(), true;
}

// ℝ, ℝ^+, ℝ_+, ℝ^*, ℤ^+, ℕ^*: a sign in a script makes it a part of the set.
void Parser::NumberSetOperand(const Token& token) {
  std::string name(token.text);
  if (Next().kind == Tok::kCaret || Next().kind == Tok::kUnderscore) {
    const bool braces = Ahead(1).kind == Tok::kOpen && Ahead(1).op == '{';
    const Tok sign = Ahead(braces ? 2 : 1).kind;
    const bool closed = !braces || (Ahead(3).kind == Tok::kClose && Ahead(3).op == '}');
    if (TakeHalfLine(token)) return;
    const bool known = sign == Tok::kPlus || sign == Tok::kMinus || sign == Tok::kTimes;
    if (!known || !closed || name == "C") return Fail("this part of a set of numbers is not known");
    name = sign == Tok::kTimes && name != "N" ? name + '*' : sign == Tok::kMinus ? name + '-' : (name == "N" ? "Z" : name) + '+';
    at_ += braces ? 4 : 2;
  }
  const Tok behind = Ahead(1).kind;
  if (Next().kind == Tok::kTimes && name.size() == 1 && name != "C" && (behind == Tok::kEnd || behind == Tok::kClose || behind == Tok::kComma)) {  // N*
    name = name == "N" ? "Z+" : name + '*';
    ++at_;
  }
  PushValue(ast_.AddNamed(Kind::kNumberSet, name));
  Complete();
}

void Parser::NumeralOperand(const Token& token) {
  const std::string_view digits = token.text.substr(0, token.text.find('_'));
  const int64_t size = static_cast<int64_t>(digits.size());
  if (!fuel_.Spend(1 + size + size * size / 256)) return Fail("out of fuel");
  Rational value;
  fmpz_set_str(fmpq_numref(value.get()), std::string(digits).c_str(), token.op);
  const NodeId number = ast_.AddNumber(std::move(value));
  const NodeId numeral = ast_.Add(Kind::kNumeral, {number});
  ast_.nodes[numeral].payload = ast_.NameId(token.text.substr(std::min(token.text.find_first_not_of('0'), token.text.find('_'))));
  PushValue(numeral);
  Complete();
}

}  // namespace cohort::reward::math
