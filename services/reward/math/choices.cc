#include "services/reward/math/choices.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "services/reward/math/units.h"

namespace cohort::reward::math {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<signed char>(c) < 0; }

class ChoiceReader {
 public:
  explicit ChoiceReader(std::string_view text) : rest_(text) {}

  std::optional<Choice> Read() {
    PassStyle();
    const bool named = PassName();
    PassStyle();
    const bool bracket = Pass("(");
    PassStyle();
    if (rest_.empty() || rest_[0] < 'A' || rest_[0] > 'J') return std::nullopt;
    const char letter = rest_[0];
    rest_.remove_prefix(1);
    PassClosing();
    const bool mark = bracket ? Pass(")") : Pass(".") || Pass(")");
    if (!mark && (bracket || !named)) return std::nullopt;
    PassClosing();
    if (!mark && !rest_.empty()) return std::nullopt;
    // (A) + 1 is a sum.
    if (bracket && !rest_.empty() && std::string_view("+-^_/*=!<>|&'(").find(rest_[0]) != std::string_view::npos) return std::nullopt;
    if (bracket && (rest_.substr(0, 3) == "\\pm" || rest_.substr(0, 3) == "\\mp" || rest_.substr(0, 2) == "\u00b1")) return std::nullopt;
    return braces_ == 0 && IsClear() ? std::optional<Choice>({letter, rest_}) : std::nullopt;
  }

 private:
  bool Pass(std::string_view what) {
    if (rest_.substr(0, what.size()) != what) return false;
    rest_.remove_prefix(what.size());
    braces_ += what.back() == '{' ? 1 : what == "}" ? -1 : 0;
    return true;
  }
  // White space, delimiters and commands of style, with their opening braces.
  void PassStyle() {
    static constexpr std::string_view kStyles[] = {"\\textbf{", "\\text{", "\\mathbf{", "\\mathrm{", "\\textrm{", "\\boxed{", "\\left", "\\ ", "$", " ", "{"};
    while (std::any_of(std::begin(kStyles), std::end(kStyles), [this](std::string_view style) { return Pass(style); })) {
    }
  }
  void PassClosing() {
    static constexpr std::string_view kClosing[] = {"\\right", "\\ ", "\\,", "\\;", "\\quad", "\\qquad", "$", " ", "~", "}"};
    while (std::any_of(std::begin(kClosing), std::end(kClosing), [this](std::string_view close) { return Pass(close); })) {
    }
  }
  bool PassName() { return Pass("Option ") || Pass("option ") || Pass("Choice ") || Pass("choice ") || Pass("Answer ") || Pass("answer ") || Pass("选项") || Pass("选"); }

  // Whether the rest chooses nothing else and takes nothing back.
  bool IsClear() const {
    static constexpr std::string_view kWords[] = {"or", "and", "not", "nor", "but", "is", "isn", "wrong", "incorrect", "false"};
    for (size_t begin = 0; begin < rest_.size();) {
      size_t end = begin;
      while (end < rest_.size() && IsLetter(rest_[end])) ++end;
      std::string word(rest_.substr(begin, end - begin));
      if (word.size() == 1 && word[0] >= 'A' && word[0] <= 'J') return false;
      if (word.size() == 1 && word[0] >= 'a' && word[0] <= 'j' && StandsAlone(begin)) return false;
      if (end < rest_.size() && rest_[end] == '\'') return false;  // doesn't
      std::transform(word.begin(), word.end(), word.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
      if (std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords)) return false;
      begin = std::max(end, begin + 1);
    }
    return true;
  }

  // Whether the letter has nothing but white space and brackets beside it.
  bool StandsAlone(size_t at) const {
    static constexpr std::string_view kBeside = " ()[]{},.;:~$";
    return (at == 0 || kBeside.find(rest_[at - 1]) != std::string_view::npos) && (at + 1 == rest_.size() || kBeside.find(rest_[at + 1]) != std::string_view::npos);
  }

  std::string_view rest_;
  int braces_ = 0;  // Open ones.
};

// Whether the value may be the letter of a choice: c, e, i, A.
bool IsOneLetter(View view) {
  return view.kind() == Kind::kI || view.kind() == Kind::kE || (view.kind() == Kind::kSymbol && view.ast.name(view.id).size() == 1);
}

}  // namespace

bool MayStandBehindChoice(View view) {
  if (IsOneLetter(view)) return false;
  for (NodeId id = view.node().begin; id <= view.id; ++id) {
    const View part(view.ast, id);
    if (part.kind() == Kind::kText || (part.kind() == Kind::kUnit && FindUnit(view.ast.name(id)) == nullptr)) return false;
    if (part.kind() == Kind::kSymbol && view.ast.name(id)[0] >= 'A' && view.ast.name(id)[0] <= 'J') return false;
    const bool several = part.kind() == Kind::kList || part.kind() == Kind::kSet || part.kind() == Kind::kTuple;
    for (size_t i = 0; several && i < part.size(); ++i) {
      if (IsOneLetter(part.kid(i))) return false;
    }
  }
  return true;
}

std::optional<Choice> ReadChoice(std::string_view answer) {
  // Nearly everything else begins otherwise.
  const size_t first = std::min(answer.find_first_not_of(" $({"), answer.size());
  const std::string_view rest = answer.substr(first);
  if (rest.empty()) return std::nullopt;
  const bool letter = (rest[0] >= 'A' && rest[0] <= 'J') || rest[0] == 'O', named = rest.substr(0, 6) == "option" || rest.substr(0, 6) == "choice" || rest.substr(0, 6) == "answer";
  const bool command = rest[0] == '\\' && rest.size() > 1 && std::string_view("tmbl ").find(rest[1]) != std::string_view::npos;
  return letter || named || command || static_cast<signed char>(rest[0]) < 0 ? ChoiceReader(answer).Read() : std::nullopt;
}

}  // namespace cohort::reward::math
