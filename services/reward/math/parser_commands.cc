// Commands, functions and big operators: what becomes of their arguments.
#include "services/reward/math/parser_state.h"

namespace cohort::reward::math {

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
    case Waiting::kFraction: return Quotient(first, last);
    case Waiting::kRootWithIndex: return ast_.Add(Kind::kRoot, {last, first});
    case Waiting::kBinomial: case Waiting::kChoose: return ast_.Add(Kind::kBinomial, {first, last});
    case Waiting::kModulus: return ast_.Add(Kind::kCongruence, {first, last});
    default: break;
  }
  exponent_end_ = at_;
  return ast_.Add(Kind::kPower, {first, last});
}

}  // namespace cohort::reward::math
