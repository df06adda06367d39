#include "services/reward/math/bracket_direction.h"

#include <cstdint>
#include <string>
#include <vector>

namespace cohort::reward::math {
namespace {

bool IsBracket(const Token& token, Tok kind, uint16_t op) { return token.kind == kind && token.op == op; }

// Whether a value has to follow.
bool ExpectsValue(const Token* before) {
  if (before == nullptr) return true;
  switch (before->kind) {
    case Tok::kOpen: case Tok::kComma: case Tok::kSemicolon: case Tok::kCup: case Tok::kCap: case Tok::kSetMinus: case Tok::kRelation: case Tok::kOr: case Tok::kAnd: return true;
    default: return false;
  }
}

// Whether an interval may end in front of this token.
bool EndsInterval(const Token& next) {
  switch (next.kind) {
    case Tok::kEnd: case Tok::kComma: case Tok::kSemicolon: case Tok::kCup: case Tok::kCap: case Tok::kSetMinus: case Tok::kOr: case Tok::kAnd: case Tok::kClose: case Tok::kText: case Tok::kWord: return true;
    default: return false;
  }
}

// An open bracket and how many separators stood in it.
struct Open {
  bool interval = false;
  int separators = 0;
};

}  // namespace

void TurnOutwardBrackets(Lexed& lexed, Fuel& fuel) {
  if (lexed.text.find_first_of("[]") == std::string::npos) return;
  int opened = 0, closed = 0;
  bool outward = false;
  for (size_t i = 0; i < lexed.tokens.size(); ++i) {
    const Token& token = lexed.tokens[i];
    opened += IsBracket(token, Tok::kOpen, '[') ? 1 : 0;
    closed += IsBracket(token, Tok::kClose, ']') ? 1 : 0;
    outward = outward || (IsBracket(token, Tok::kClose, ']') && ExpectsValue(i > 0 ? &lexed.tokens[i - 1] : nullptr));
  }
  if ((opened == closed && !outward) || opened + closed == 0 || !fuel.Spend(2 * static_cast<int64_t>(lexed.tokens.size()))) return;
  std::vector<Open> stack;
  for (size_t i = 0; i < lexed.tokens.size(); ++i) {
    Token& token = lexed.tokens[i];
    const bool value = ExpectsValue(i > 0 ? &lexed.tokens[i - 1] : nullptr);
    if (IsBracket(token, Tok::kClose, ']') && value) {
      token.kind = Tok::kOpen;
      token.op = '(';
    } else if (IsBracket(token, Tok::kOpen, '[') && !value && !stack.empty() && stack.back().interval && stack.back().separators == 1 && EndsInterval(lexed.tokens[i + 1])) {
      token.kind = Tok::kClose;
      token.op = ')';
    }
    if (token.kind == Tok::kOpen) {
      stack.push_back({token.op == '(' || token.op == '[', 0});
    } else if (token.kind == Tok::kClose && !stack.empty()) {
      stack.pop_back();
    } else if ((token.kind == Tok::kComma || token.kind == Tok::kSemicolon) && !stack.empty()) {
      ++stack.back().separators;
    }
  }
}

}  // namespace cohort::reward::math
