#include "tests/bench/reward/mix.h"

#include <random>

#include "absl/strings/str_cat.h"
#include "common/reward/format/utf8.h"

namespace cohort::reward {
namespace {

using absl::StrCat;
using Random = std::mt19937_64;

struct Pair {
  const char* kind;
  std::string gold;
  std::string answer;  // Right when `right`.
};

int64_t Small(Random& random) { return 2 + static_cast<int64_t>(random() % 8); }

Pair Integer(int64_t n, bool right, Random& random) {
  const int64_t value = right ? n : n + 1 + static_cast<int64_t>(random() % 9);
  const std::string forms[] = {StrCat(value), StrCat(value, ".0"), StrCat("\\frac{", 3 * value, "}{3}"), StrCat("$", value, "$"), StrCat("x = ", value)};
  return {"integer", StrCat(n), forms[random() % 5]};
}

Pair Fraction(int64_t n, bool right, Random& random) {
  const int64_t k = Small(random), value = right ? n : n + 1;
  const std::string forms[] = {StrCat("\\frac{", value * k, "}{", 4 * k, "}"), StrCat(value, "/4"), StrCat("\\dfrac{", value, "}4"),
                               StrCat(value / 4, value % 4 == 0 ? ".0" : value % 4 == 1 ? ".25" : value % 4 == 2 ? ".5" : ".75")};
  return {"fraction", StrCat("\\frac{", n, "}{4}"), forms[random() % 4]};
}

Pair Polynomial(int64_t n, bool right, Random& random) {
  const int64_t a = n % 97 + 1, b = Small(random), c = n;
  return {"polynomial", StrCat("x^2+", a + b, "x+", a * b + c), StrCat("(x+", a, ")(x+", b, ")+", right ? c : c + 1)};
}

Pair Radical(int64_t n, bool right, Random& random) {
  const int64_t k = Small(random), a = n % 1'000 + 2;
  return {"radical", StrCat(k, "\\sqrt{", a, "}+", n), StrCat("\\sqrt{", k * k * a, "}+", right ? n : n - 1)};
}

Pair MultipleOfPi(int64_t n, bool right, Random& random) {
  const int64_t k = Small(random);
  return {"multiple of pi", StrCat("\\frac{", n, "\\pi}{", k, "}"), StrCat(right ? n : n + 1, "\\pi/", k)};
}

Pair Interval(int64_t n, bool right, Random& random) {
  const int64_t k = Small(random);
  return {"interval", StrCat("[", n, ",", n + k, ")\\cup(", n + 20, ",\\infty)"), StrCat("(", n + 20, ", \\infty) \\cup ", right ? "[" : "(", n, ", ", n + k, ")")};
}

Pair Set(int64_t n, bool right, Random& random) {
  const int64_t k = Small(random);
  return {"set", StrCat("\\{", n, ",", n + k, ",-1\\}"), StrCat("\\{-1, ", n, ", ", right ? n + k : n + k + 1, "\\}")};
}

Pair Tuple(int64_t n, bool right, Random& random) {
  const int64_t k = Small(random);
  return {"tuple", StrCat("(", n, ",\\frac{1}{", k, "})"), right ? StrCat("\\left(", n, ", \\frac1", k, "\\right)") : StrCat("(\\frac{1}{", k, "},", n, ")")};
}

Pair Equation(int64_t n, bool right, Random& random) {
  const int64_t k = Small(random);
  return {"equation", StrCat("y=", k, "x+", n), StrCat(k, "x - y + ", right ? n : n + 1, " = 0")};
}

Pair Quantity(int64_t n, bool right, Random&) {
  return {"quantity", StrCat(n, "\\text{ cm}"), StrCat(right ? n : n + 1, "0 \\text{ mm}")};
}

Pair Words(int64_t n, bool right, Random&) { return {"words", StrCat("\\text{group number ", n, "}"), StrCat(right ? "Group number " : "Not number ", n)}; }

Pair Unparseable(int64_t n, bool, Random&) { return {"cannot be parsed", StrCat(n), StrCat("\\frac{", n, "}{")}; }

Pair PairOf(int64_t n, bool right, Random& random) {
  struct Share {
    uint64_t below;
    Pair (*make)(int64_t, bool, Random&);
  };
  static constexpr Share kShares[] = {{30, Integer}, {48, Fraction}, {60, Polynomial}, {70, Radical}, {75, MultipleOfPi}, {80, Interval},
                                      {85, Set},     {90, Tuple},    {93, Equation},   {95, Quantity}, {98, Words},       {100, Unparseable}};
  const uint64_t dice = random() % 100;
  for (const Share& share : kShares) {
    if (dice < share.below) return share.make(n, right, random);
  }
  return Integer(n, right, random);
}

std::string Reasoning(Random& random) {
  static constexpr const char* kSentences[] = {"Let us look at the first case. ", "So $x = 3y + 2$ follows from $\\frac{x-2}{3} = y$. ", "Wait, that is wrong. ",
                                               "We check: 12 + 30 = 42.\n", "Hence $\\sqrt{2}$ is irrational, because p < q. ", "我们再算一遍。"};
  std::string text;
  for (const size_t wanted = 200 + random() % 1'800; text.size() < wanted;) text += kSentences[random() % 6];
  return text;
}

void Wrap(const std::string& answer, bool wrong_format, Random& random, Sample& sample) {
  const std::string think = StrCat("<think>", Reasoning(random), wrong_format ? "</Think>" : "</think>");
  switch (random() % 9) {
    case 0: sample.shape = v1::TEMPLATE_BOXED_ONLY, sample.completion = StrCat(Reasoning(random), "So \\boxed{", answer, "}."); return;
    case 1: sample.shape = v1::TEMPLATE_GSM8K_HASH, sample.completion = StrCat(Reasoning(random), "\n#### ", answer); return;
    case 2: sample.shape = v1::TEMPLATE_DAPO_ANSWER, sample.completion = StrCat(Reasoning(random), "\nAnswer: $", answer, "$"); return;
    case 3: sample.shape = v1::TEMPLATE_R1_RELEASED, sample.completion = StrCat(think, "\n\nIt is $\\boxed{", answer, "}$"); return;
    case 4:
    case 5: sample.shape = v1::TEMPLATE_R1_ZERO, sample.completion = StrCat(think, "\n<answer>", answer, "</answer>"); return;
    default: sample.shape = v1::TEMPLATE_BARE_ANSWER, sample.completion = answer;
  }
}

}  // namespace

std::vector<Sample> MakeMix(int64_t first, int64_t count) {
  std::vector<Sample> mix;
  mix.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    const int64_t n = first + i + 100;
    Random random(static_cast<uint64_t>(n) * 0x9E3779B97F4A7C15u);
    const Pair pair = PairOf(n, random() % 2 == 0, random);
    Sample& sample = mix.emplace_back();
    sample.kind = pair.kind;
    sample.gold = pair.gold;
    Wrap(pair.answer, random() % 100 == 0, random, sample);
  }
  return mix;
}

std::vector<Sample> HostileSamples() {
  const auto repeat = [](const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  };
  std::vector<Sample> samples;
  for (const std::string& answer :
       {std::string("9^{9^{9^9}}"), std::string("9^{9^9}+1"), std::string("10^{10^{10}}"), std::string("((10!)!)!"), std::string("(10^7)!"),
        std::string("\\binom{10^9}{5\\cdot 10^8}"), std::string("1.1^{10^{12}}"), std::string("\\sqrt2^{10^9}"), std::string("e^{e^{e^{e^e}}}"),
        std::string("\\sum_{k=1}^{10^8} 1/k^2"), std::string("\\prod_{k=1}^{10^9} k"), std::string("7^{7^{7^7}} \\bmod 10"),
        std::string("\\dfrac{5^{\\left(5^{\\left(5^{\\left(5^5\\right)}\\right)}-4\\right)}-5}{16}"), repeat("(", 500) + "1" + repeat(")", 500),
        repeat("{", 1'000) + repeat("}", 1'000), repeat("\\frac{1}{", 200) + "2" + repeat("}", 200), repeat("\\sqrt{", 60) + "2" + repeat("}", 60),
        "$" + repeat("\\boxed{", 1'000), repeat("9", 1'000) + "/" + repeat("7", 20), repeat("x+", 400) + "1", repeat("(x+1)", 150), repeat("-", 900) + "1",
        repeat("\xF0\x9D\x9F\x97", 200), repeat("2^", 300) + "2", repeat("1,", 500) + "1", repeat("|x", 300), repeat("!", 900), std::string("0^{0}"),
        std::string("\\frac{1}{0}"), std::string("\\ln(-1)"), std::string("\xFF\xFE"), std::string("x^{800}-1}{x-1}")}) {
    samples.push_back({"hostile", "42", answer, v1::TEMPLATE_BARE_ANSWER});
    // A reference answer travels as a string, which has to be UTF-8.
    samples.push_back({"hostile", IsCleanText(answer) ? answer : "1", answer, v1::TEMPLATE_BARE_ANSWER});
  }
  samples.push_back({"hostile", "42", repeat("<think", 180'000), v1::TEMPLATE_R1_ZERO});
  samples.push_back({"hostile", "42", repeat("\\boxed{1},", 100'000), v1::TEMPLATE_BOXED_ONLY});
  samples.push_back({"hostile", "42", repeat("answer is ", 100'000), v1::TEMPLATE_DAPO_ANSWER});
  return samples;
}

CheckInput InputOf(const Sample& sample) {
  CheckInput input;
  input.shape = sample.shape;
  input.gold = sample.gold;
  input.completion = sample.completion;
  return input;
}

void FillItem(const Sample& sample, v1::ScoreItem& item) {
  item.set_gold_answer(sample.gold);
  item.set_completion(sample.completion);
  item.set_template_(sample.shape);
  item.set_finish_reason(common::v1::FINISH_REASON_STOP);
}

}  // namespace cohort::reward
