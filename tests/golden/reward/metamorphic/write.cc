#include "tests/golden/reward/metamorphic/write.h"

#include <cctype>
#include <cstdlib>

namespace cohort::reward::metamorphic {
namespace {

// How tightly a text holds together; what is looser than its surroundings demand gets brackets.
enum Tightness { kSum, kSigned, kProduct, kPower, kAtom };

struct Text {
  std::string text;
  Tightness tightness = kAtom;
  bool open_end = false;  // Ends in the argument of a function or root without brackets, which would swallow a factor that follows.
};

class Writer {
 public:
  Writer(Script script, Choices& choices) : script_(script), choices_(choices) {}

  Text Write(const TreePtr& tree) {
    switch (tree->op) {
      case Op::kNumber: return WriteNumber(*tree);
      case Op::kVariable: return {std::string(1, tree->name), kAtom};
      case Op::kPi: return {script_ == Script::kLatex ? "\\pi" : script_ == Script::kUnicode ? "π" : "pi", kAtom};
      case Op::kE: return {"e", kAtom};
      case Op::kI: return {"i", kAtom};
      case Op::kAdd: return WriteSum(*tree);
      case Op::kNegate: return WriteNegative(*tree);
      case Op::kMultiply: return WriteProduct(*tree);
      case Op::kDivide: return WriteQuotient(Write(tree->kids[0]), Write(tree->kids[1]));
      case Op::kPower: return {Held(tree->kids[0], kAtom) + Exponent(tree->kids[1]), kPower};
      case Op::kSqrt: return WriteSqrt(*tree);
      case Op::kCubeRoot: return WriteCubeRoot(*tree);
      case Op::kExp: return {"e" + Exponent(tree->kids[0]), kPower};
      case Op::kAbs: return WriteAbs(*tree);
      case Op::kFactorial: return {Held(tree->kids[0], kAtom) + "!", kPower};
      case Op::kBinomial: return {"\\binom{" + Write(tree->kids[0]).text + "}{" + Write(tree->kids[1]).text + "}", kAtom};
      default: return WriteFunction(*tree);
    }
  }

 private:
  bool plain() const { return script_ == Script::kPlain; }
  std::string Minus() { return script_ == Script::kUnicode && choices_.Coin() ? "−" : "-"; }
  std::string Space() { return choices_.OneIn(4) ? " " : ""; }

  std::string Bracketed(const std::string& text) {
    if (!plain() && choices_.OneIn(4)) return "\\left(" + text + "\\right)";
    return script_ == Script::kUnicode && choices_.OneIn(6) ? "（" + text + "）" : "(" + text + ")";
  }

  std::string Held(const TreePtr& tree, Tightness least) {
    const Text text = Write(tree);
    return text.tightness >= least ? text.text : Bracketed(text.text);
  }

  // n/10^k with n natural, when it is one; else "".
  static std::string AsDecimal(int64_t numerator, int64_t denominator) {
    int64_t power = 1;
    for (int digits = 0; digits <= 3; ++digits, power *= 10) {
      if (power % denominator != 0) continue;
      if (digits == 0) return "";
      std::string text = std::to_string(numerator * (power / denominator));
      while (static_cast<int>(text.size()) <= digits) text.insert(text.begin(), '0');
      return text.insert(text.size() - digits, ".");
    }
    return "";
  }

  Text WriteNumber(const Tree& tree) {
    const bool negative = tree.numerator < 0;
    const std::string natural = std::to_string(std::abs(tree.numerator));
    Text text{natural, kAtom};
    if (tree.denominator > 1) {
      const std::string decimal = AsDecimal(std::abs(tree.numerator), tree.denominator);
      text = !decimal.empty() && choices_.Coin() ? Text{decimal, kAtom} : WriteQuotient({natural, kAtom}, {std::to_string(tree.denominator), kAtom});
    }
    return negative ? Text{Minus() + text.text, kSigned} : text;
  }

  Text WriteNegative(const Tree& tree) {
    const std::string minus = Minus();
    return {minus + Held(tree.kids[0], kProduct), kSigned};
  }

  Text WriteSum(const Tree& tree) {
    std::string text;
    for (const TreePtr& kid : tree.kids) {
      const bool minus = !text.empty() && kid->op == Op::kNegate;
      const std::string term = Held(minus ? kid->kids[0] : kid, text.empty() ? kSigned : kProduct), space = Space();
      if (!text.empty()) text += space + (minus ? Minus() : "+") + space;
      text += term;
    }
    return {text, kSum};
  }

  // A product sign is needed between digits, before a fraction (2\frac12 is a mixed number), where letters would make a word, at bars, after functions.
  bool NeedsSign(const TreePtr& left, const std::string& before, const std::string& after) const {
    const auto first = static_cast<unsigned char>(after[0]), last = static_cast<unsigned char>(before.back());
    const bool word = std::isalpha(first) && std::isalpha(last) && (first == last || (before.size() > 1 && std::isalpha(before[before.size() - 2])));
    if (plain() || left->op == Op::kDivide || std::isdigit(first) || (word && !EndsInCommand(before)) || after.starts_with("\\frac") || after.starts_with("\\dfrac")) return true;
    if (after[0] == '|' || after.starts_with("\\left|") || after.starts_with("\\lvert") || after.starts_with("e")) return true;
    if (left->op == Op::kSin || left->op == Op::kCos || left->op == Op::kTan || left->op == Op::kLn || last == '!' || last == '|') return true;
    return false;
  }

  std::string Sign() {
    if (plain()) return "*";
    if (script_ == Script::kUnicode) return choices_.Coin() ? "×" : "·";
    const char* const signs[] = {"\\cdot ", "\\times ", " \\cdot "};
    return choices_.Pick(signs);
  }

  Text WriteProduct(const Tree& tree) {
    std::string text;
    bool open_end = false;
    for (size_t i = 0; i < tree.kids.size(); ++i) {
      const TreePtr& kid = tree.kids[i];
      Text factor = Write(kid);
      const bool slash = factor.text.find('/') != std::string::npos && factor.tightness == kProduct;
      const bool last = i + 1 == tree.kids.size();
      if (factor.tightness < kProduct || slash || (i > 0 && kid->op == Op::kMultiply) || (factor.open_end && !last)) {
        factor = {Bracketed(factor.text), kAtom};
      }
      open_end = factor.open_end;
      if (text.empty()) {
        text = factor.text;
      } else if (NeedsSign(tree.kids[i - 1], text, factor.text) || choices_.OneIn(3)) {
        text += Sign() + factor.text;
      } else {
        const bool command = std::isalpha(static_cast<unsigned char>(factor.text[0])) && EndsInCommand(text);
        text += (command ? " " : "") + factor.text;
      }
    }
    return {text, kProduct, open_end};
  }

  static bool EndsInCommand(const std::string& text) {
    size_t at = text.size();
    while (at > 0 && std::isalpha(static_cast<unsigned char>(text[at - 1]))) --at;
    return at > 0 && at < text.size() && text[at - 1] == '\\';
  }

  Text WriteQuotient(const Text& top, const Text& bottom) {
    if (plain() || choices_.OneIn(5)) {
      return {(top.tightness >= kPower ? top.text : Bracketed(top.text)) + "/" + (bottom.tightness >= kPower ? bottom.text : Bracketed(bottom.text)), kProduct};
    }
    const auto digit = [](const Text& text) { return text.text.size() == 1 && std::isdigit(static_cast<unsigned char>(text.text[0])); };
    if (digit(top) && digit(bottom) && choices_.Coin()) return {"\\frac" + top.text + bottom.text, kPower};
    return {(choices_.OneIn(4) ? "\\dfrac{" : "\\frac{") + top.text + "}{" + bottom.text + "}", kPower};
  }

  std::string Exponent(const TreePtr& tree) {
    const Text text = Write(tree);
    if (plain()) return "^" + (text.tightness == kAtom && text.text.size() == 1 ? text.text : "(" + text.text + ")");
    if (script_ == Script::kUnicode && text.text == "2" && choices_.Coin()) return "²";
    if (script_ == Script::kUnicode && text.text == "3" && choices_.Coin()) return "³";
    return text.text.size() == 1 && std::isdigit(static_cast<unsigned char>(text.text[0])) && choices_.Coin() ? "^" + text.text : "^{" + text.text + "}";
  }

  Text WriteSqrt(const Tree& tree) {
    const Text inner = Write(tree.kids[0]);
    if (plain()) return {"sqrt(" + inner.text + ")", kAtom};
    const bool whole = tree.kids[0]->IsInteger() && tree.kids[0]->numerator >= 0;
    if (script_ == Script::kUnicode && choices_.Coin()) return {whole ? "√" + inner.text : "√(" + inner.text + ")", kPower, whole};
    if (whole && inner.text.size() == 1 && choices_.Coin()) return {"\\sqrt" + inner.text, kPower};
    return {"\\sqrt{" + inner.text + "}", kPower};
  }

  Text WriteCubeRoot(const Tree& tree) {
    const std::string inner = Write(tree.kids[0]).text;
    if (plain()) return {"(" + inner + ")^(1/3)", kPower};
    return {"\\sqrt[3]{" + inner + "}", kPower};
  }

  Text WriteAbs(const Tree& tree) {
    const std::string inner = Write(tree.kids[0]).text;
    if (plain()) return {"abs(" + inner + ")", kAtom};
    if (choices_.OneIn(3)) return {"\\lvert " + inner + "\\rvert ", kPower};
    if (Has(tree.kids[0], Op::kAbs) || choices_.Coin()) return {"\\left|" + inner + "\\right|", kPower};
    return {"|" + inner + "|", kPower};
  }

  Text WriteFunction(const Tree& tree) {
    const char* name = tree.op == Op::kSin ? "sin" : tree.op == Op::kCos ? "cos" : tree.op == Op::kTan ? "tan" : "ln";
    const Text inner = Write(tree.kids[0]);
    const std::string command = plain() ? name : std::string("\\") + name;
    // Without brackets the argument is a single letter or number.
    if (!plain() && tree.kids[0]->kids.empty() && inner.tightness == kAtom && choices_.Coin()) return {command + " " + inner.text, kProduct, true};
    return {command + Bracketed(inner.text), kProduct};
  }

  Script script_;
  Choices& choices_;
};

}  // namespace

Script PickScript(Choices& choices) {
  const Script scripts[] = {Script::kLatex, Script::kLatex, Script::kUnicode, Script::kPlain};
  return choices.Pick(scripts);
}

std::string Write(const TreePtr& tree, Script script, Choices& choices) { return Writer(script, choices).Write(tree).text; }

std::string Surround(const std::string& text, Choices& choices) {
  switch (choices.Below(12)) {
    case 1: return "$" + text + "$";
    case 2: return "\\(" + text + "\\)";
    case 3: return "\\[ " + text + " \\]";
    case 4: return "$" + text + "$.";
    case 5: return " " + text + " ";
    case 6: return "$\\displaystyle " + text + "$";
    default: return text;
  }
}

}  // namespace cohort::reward::metamorphic
