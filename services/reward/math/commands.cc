#include "services/reward/math/commands.h"

#include <cstddef>
#include <unordered_map>

#include "services/reward/math/ast.h"

namespace cohort::reward::math {
namespace {

constexpr uint16_t Op(Function f) { return static_cast<uint16_t>(f); }
constexpr uint16_t Op(Relation r) { return static_cast<uint16_t>(r); }
constexpr Command Fn(const char* name, Function f) { return {name, CommandKind::kToken, Tok::kFunction, Op(f)}; }
constexpr Command Rel(const char* name, Relation r) { return {name, CommandKind::kToken, Tok::kRelation, Op(r)}; }
constexpr Command Is(const char* name, Tok token, uint16_t op = 0, const char* text = nullptr) { return {name, CommandKind::kToken, token, op, text}; }
constexpr Command Letter(const char* name) { return {name, CommandKind::kToken, Tok::kSymbol, 0, name}; }
constexpr Command LetterAs(const char* name, const char* same) { return {name, CommandKind::kToken, Tok::kSymbol, 0, same}; }
constexpr Command Drop(const char* name) { return {name, CommandKind::kDropped}; }
constexpr Command Does(const char* name, CommandKind kind) { return {name, kind}; }

using F = Function;
using R = Relation;

const Command kCommands[] = {
    // Functions.
    Fn("sin", F::kSin), Fn("cos", F::kCos), Fn("tan", F::kTan), Fn("tg", F::kTan), Fn("cot", F::kCot), Fn("ctg", F::kCot), Fn("sec", F::kSec),
    Fn("csc", F::kCsc), Fn("arcsin", F::kArcSin), Fn("arccos", F::kArcCos), Fn("arctan", F::kArcTan), Fn("arctg", F::kArcTan), Fn("arccot", F::kArcCot),
    Fn("sinh", F::kSinh), Fn("cosh", F::kCosh), Fn("tanh", F::kTanh), Fn("coth", F::kCoth), Fn("ln", F::kLn), Fn("lg", F::kLog10), Fn("log", F::kLog),
    Fn("exp", F::kExp), Fn("gcd", F::kGcd), Fn("max", F::kMax), Fn("min", F::kMin), Fn("Re", F::kRe), Fn("Im", F::kIm), Fn("arg", F::kArg), Fn("det", F::kDet), Fn("cis", F::kCis),
    // Operators with arguments.
    Is("frac", Tok::kFrac), Is("dfrac", Tok::kFrac), Is("tfrac", Tok::kFrac), Is("nicefrac", Tok::kFrac), Is("sfrac", Tok::kFrac), Is("cfrac", Tok::kFrac), Is("sqrt", Tok::kSqrt), Is("binom", Tok::kBinom),
    Is("dbinom", Tok::kBinom), Is("tbinom", Tok::kBinom), Is("overline", Tok::kOverline), Is("bar", Tok::kOverline), Is("dot", Tok::kDotOver),
    Is("unisqrt", Tok::kPlainRoot, 2), Is("surd", Tok::kPlainRoot, 2), Is("unicbrt", Tok::kPlainRoot, 3), Is("sum", Tok::kSum), Is("prod", Tok::kProduct), Is("int", Tok::kIntegral),
    Is("lim", Tok::kLimit), Is("forall", Tok::kText, 0, "for all"),
    // Constants.
    Is("pi", Tok::kPi), Is("infty", Tok::kInfinity), Is("infin", Tok::kInfinity), Is("emptyset", Tok::kEmptySet), Is("varnothing", Tok::kEmptySet),
    Is("R", Tok::kNumberSet, 0, "R"), Is("Z", Tok::kNumberSet, 0, "Z"), Is("N", Tok::kNumberSet, 0, "N"), Is("Q", Tok::kNumberSet, 0, "Q"),
    Is("C", Tok::kNumberSet, 0, "C"), Is("reals", Tok::kNumberSet, 0, "R"), Is("Reals", Tok::kNumberSet, 0, "R"), Is("imath", Tok::kI), Is("jmath", Tok::kSymbol, 0, "j"), Is("dots", Tok::kEllipsis), Is("ldots", Tok::kEllipsis),
    Is("cdots", Tok::kEllipsis), Is("dotsc", Tok::kEllipsis), Is("dotsb", Tok::kEllipsis), Is("vdots", Tok::kEllipsis), Is("ddots", Tok::kEllipsis),
    // Signs.
    Is("cdot", Tok::kTimes), Is("times", Tok::kTimes), Is("ast", Tok::kTimes), Is("div", Tok::kDivide), Is("over", Tok::kChoose, 1), Is("choose", Tok::kChoose), Is("pm", Tok::kPlusMinus),
    Is("mp", Tok::kMinusPlus), Is("circ", Tok::kCirc), Is("degree", Tok::kCirc, 1), Is("textdegree", Tok::kCirc, 1), Is("prime", Tok::kPrime), Is("bmod", Tok::kMod), Is("mod", Tok::kMod),
    Is("pmod", Tok::kPmod), Is("cup", Tok::kCup), Is("bigcup", Tok::kCup), Is("cap", Tok::kCap), Is("bigcap", Tok::kCap), Is("setminus", Tok::kSetMinus), Is("smallsetminus", Tok::kSetMinus),
    Is("backslash", Tok::kSetMinus), Is("land", Tok::kAnd), Is("wedge", Tok::kAnd), Is("lor", Tok::kOr), Is("vee", Tok::kOr), Is("neg", Tok::kNegation),
    Is("lnot", Tok::kNegation), Is("colon", Tok::kColon), Is("mid", Tok::kMid), Is("vert", Tok::kBar), Is("lvert", Tok::kBar), Is("rvert", Tok::kBar),
    Is("Vert", Tok::kDoubleBar), Is("lVert", Tok::kDoubleBar), Is("rVert", Tok::kDoubleBar), Is("not", Tok::kNot), Is("angle", Tok::kNegation, 1),
    Is("triangle", Tok::kNegation, 2), Is("begin", Tok::kBegin), Is("end", Tok::kEndEnvironment), Is("cr", Tok::kRowBreak),
    Is("langle", Tok::kOpen, '<'), Is("rangle", Tok::kClose, '>'), Is("lfloor", Tok::kOpen, 'f'), Is("rfloor", Tok::kClose, 'f'),
    Is("lceil", Tok::kOpen, 'c'), Is("rceil", Tok::kClose, 'c'), Is("lbrace", Tok::kOpen, 'S'), Is("rbrace", Tok::kClose, 'S'),
    Is("lbrack", Tok::kOpen, '['), Is("rbrack", Tok::kClose, ']'), Is("lparen", Tok::kOpen, '('), Is("rparen", Tok::kClose, ')'),
    Is("textdollar", Tok::kCurrency, 0, "dollar"), Is("pounds", Tok::kCurrency, 0, "pound sterling"), Is("yen", Tok::kCurrency, 0, "yen"), Is("euro", Tok::kCurrency, 0, "euro"),
    // Relations.
    Rel("le", R::kLessEqual), Rel("leq", R::kLessEqual), Rel("leqslant", R::kLessEqual), Rel("leqq", R::kLessEqual), Rel("ge", R::kGreaterEqual),
    Rel("geq", R::kGreaterEqual), Rel("geqslant", R::kGreaterEqual), Rel("geqq", R::kGreaterEqual), Rel("lt", R::kLess), Rel("gt", R::kGreater),
    Rel("ne", R::kNotEqual), Rel("neq", R::kNotEqual), Rel("approx", R::kApprox), Rel("approxeq", R::kApprox), Rel("simeq", R::kApprox), Rel("in", R::kIn), Rel("notin", R::kNotIn),
    Rel("equiv", R::kEquivalent), Rel("subset", R::kSubset), Rel("subseteq", R::kSubset), Rel("sim", R::kSimilar), Rel("perp", R::kPerpendicular),
    Rel("parallel", R::kParallel), Rel("to", R::kTo), Rel("rightarrow", R::kTo),
    // Greek letters.
    Letter("alpha"), Letter("beta"), Letter("gamma"), Letter("delta"), Letter("epsilon"), LetterAs("varepsilon", "epsilon"), Letter("zeta"), Letter("eta"),
    Letter("theta"), LetterAs("vartheta", "theta"), Letter("iota"), Letter("kappa"), Letter("lambda"), Letter("mu"), Letter("nu"), Letter("xi"), Letter("rho"),
    LetterAs("varrho", "rho"), Letter("sigma"), Letter("tau"), Letter("upsilon"), Letter("phi"), LetterAs("varphi", "phi"), Letter("chi"), Letter("psi"),
    Letter("omega"), Letter("Gamma"), Letter("Delta"), Letter("Theta"), Letter("Lambda"), Letter("Xi"), Letter("Pi"), Letter("Sigma"), Letter("Phi"),
    Letter("Psi"), Letter("Omega"), Letter("Alpha"), Letter("Beta"), Letter("ell"), Letter("hbar"),
    // Transposition.
    LetterAs("top", kTransposeName), LetterAs("intercal", kTransposeName),
    // Text.
    Does("text", CommandKind::kTextBox), Does("textbf", CommandKind::kTextBox), Does("textit", CommandKind::kTextBox), Does("textrm", CommandKind::kTextBox),
    Does("textsf", CommandKind::kTextBox), Does("texttt", CommandKind::kTextBox), Does("textnormal", CommandKind::kTextBox), Does("mbox", CommandKind::kTextBox),
    Does("hbox", CommandKind::kTextBox), Does("emph", CommandKind::kTextBox), Does("textsc", CommandKind::kTextBox), Does("mathrm", CommandKind::kRoman),
    Does("rm", CommandKind::kRomanSwitch), Does("mathbf", CommandKind::kRoman), Does("mathit", CommandKind::kRoman), Does("mathsf", CommandKind::kRoman),
    Does("operatorname", CommandKind::kOperatorName), Does("mathop", CommandKind::kOperatorName), Does("mathbb", CommandKind::kBlackboard),
    Does("Bbb", CommandKind::kBlackboard), Does("color", CommandKind::kDropArgument), Does("textcolor", CommandKind::kDropArgument), Does("colorbox", CommandKind::kDropArgument),
    Does("phantom", CommandKind::kDropArgument), Does("hspace", CommandKind::kDropArgument), Does("label", CommandKind::kDropArgument),
    Does("left", CommandKind::kSizedBracket), Does("right", CommandKind::kSizedBracket), Does("middle", CommandKind::kSizedBracket),
    // Style and spaces.
    Drop("displaystyle"), Drop("textstyle"), Drop("scriptstyle"), Drop("limits"), Drop("nolimits"), Drop("quad"), Drop("qquad"), Drop("big"), Drop("Big"),
    Drop("bigg"), Drop("Bigg"), Drop("bigl"), Drop("bigr"), Drop("Bigl"), Drop("Bigr"), Drop("biggl"), Drop("biggr"), Drop("Biggl"), Drop("Biggr"),
    Drop("mathcal"), Drop("mathscr"), Drop("mathfrak"), Drop("boldsymbol"), Drop("bm"), Drop("bf"), Drop("it"), Does("boxed", CommandKind::kBox), Does("fbox", CommandKind::kBox), Does("vec", CommandKind::kArrow),
    Does("overrightarrow", CommandKind::kArrow), Drop("hat"), Drop("widehat"), Drop("tilde"), Drop("mathord"), Drop("mathbin"), Drop("mathrel"), Drop("hfill"), Drop("hline"),
    Drop("thinspace"), Drop("medspace"), Drop("thickspace"), Drop("enspace"), Drop("space"), Drop("nonumber"), Drop("mathstrut"), Drop("strut"), Drop("ensuremath"), Drop("underline"), Drop("large"), Drop("Large"), Drop("small"),
    // Macros.
    Does("def", CommandKind::kForbidden), Does("newcommand", CommandKind::kForbidden), Does("renewcommand", CommandKind::kForbidden),
    Does("let", CommandKind::kForbidden), Does("edef", CommandKind::kForbidden), Does("gdef", CommandKind::kForbidden), Does("xdef", CommandKind::kForbidden),
    Does("providecommand", CommandKind::kForbidden), Does("DeclareMathOperator", CommandKind::kForbidden), Does("input", CommandKind::kForbidden),
    Does("include", CommandKind::kForbidden), Does("csname", CommandKind::kForbidden), Does("catcode", CommandKind::kForbidden),
    Does("write", CommandKind::kForbidden), Does("expandafter", CommandKind::kForbidden),
};

const Command kWords[] = {
    Fn("sin", F::kSin), Fn("cos", F::kCos), Fn("tan", F::kTan), Fn("tg", F::kTan), Fn("cot", F::kCot), Fn("ctg", F::kCot), Fn("sec", F::kSec),
    Fn("csc", F::kCsc), Fn("arcsin", F::kArcSin), Fn("arccos", F::kArcCos), Fn("arctan", F::kArcTan), Fn("asin", F::kArcSin), Fn("acos", F::kArcCos),
    Fn("atan", F::kArcTan), Fn("arctg", F::kArcTan), Fn("arccot", F::kArcCot), Fn("sinh", F::kSinh), Fn("cosh", F::kCosh), Fn("tanh", F::kTanh),
    Fn("ln", F::kLn), Fn("lg", F::kLog10), Fn("log", F::kLog), Fn("exp", F::kExp), Fn("abs", F::kAbs), Fn("floor", F::kFloor), Fn("ceil", F::kCeiling),
    Fn("gcd", F::kGcd), Fn("lcm", F::kLcm), Fn("max", F::kMax), Fn("min", F::kMin), Fn("sgn", F::kSign), Fn("cis", F::kCis), Fn("sign", F::kSign), Fn("det", F::kDet),
    Fn("arsinh", F::kArSinh), Fn("arcosh", F::kArCosh), Fn("artanh", F::kArTanh), Fn("arcsinh", F::kArSinh), Fn("arccosh", F::kArCosh),
    Fn("arctanh", F::kArTanh), Fn("Re", F::kRe), Fn("Im", F::kIm), Fn("arg", F::kArg), Is("sqrt", Tok::kPlainRoot, 2), Is("cbrt", Tok::kPlainRoot, 3), Is("pi", Tok::kPi),
    Is("Pi", Tok::kPi), Is("inf", Tok::kInfinity), Is("infinity", Tok::kInfinity), Is("Infinity", Tok::kInfinity), Is("oo", Tok::kInfinity), Is("mod", Tok::kMod),
    Is("and", Tok::kAnd), Is("or", Tok::kOr), Is("And", Tok::kAnd), Is("Or", Tok::kOr), Is("union", Tok::kCup), Is("U", Tok::kCup), Is("if", Tok::kIf, 0, "if"),
    Is("when", Tok::kIf, 0, "when"), Is("for", Tok::kIf, 0, "for"), Is("otherwise", Tok::kIf, 1, "otherwise"), Is("else", Tok::kIf, 1, "else"), Is("binom", Tok::kBinom),
    Is("degrees", Tok::kDegreeWord), Is("degree", Tok::kDegreeWord), Is("deg", Tok::kDegreeWord), Is("theta", Tok::kSymbol, 0, "theta"), Is("alpha", Tok::kSymbol, 0, "alpha"),
    Is("beta", Tok::kSymbol, 0, "beta"), Is("gamma", Tok::kSymbol, 0, "gamma"), Is("phi", Tok::kSymbol, 0, "phi"), Is("lambda", Tok::kSymbol, 0, "lambda"),
    Is("choose", Tok::kChoose), Is("percent", Tok::kPercent), Is("或", Tok::kOr), Is("和", Tok::kAnd), Is("与", Tok::kAnd), Is("且", Tok::kAnd), Is("及", Tok::kAnd),
    Is("度", Tok::kDegreeWord),
};

using Table = std::unordered_map<std::string_view, const Command*>;

template <size_t kSize>
Table Indexed(const Command (&commands)[kSize]) {
  Table table;
  for (const Command& command : commands) table.emplace(command.name, &command);
  return table;
}

const Command* Find(const Table& table, std::string_view name) {
  const auto found = table.find(name);
  return found == table.end() ? nullptr : found->second;
}

}  // namespace

const Command* FindCommand(std::string_view name) {
  static const Table table = Indexed(kCommands);
  return Find(table, name);
}

const Command* FindWord(std::string_view name) {
  static const Table table = Indexed(kWords);
  return Find(table, name);
}

}  // namespace cohort::reward::math
