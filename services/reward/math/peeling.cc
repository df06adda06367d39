#include "services/reward/math/peeling.h"

#include <utility>

#include "services/reward/math/ball.h"
#include "services/reward/math/cells.h"

namespace cohort::reward::math {
namespace {

bool IsOrder(Relation relation) {
  return relation == Relation::kLess || relation == Relation::kLessEqual || relation == Relation::kGreater || relation == Relation::kGreaterEqual;
}

// A relation of two terms, made from copies.
class Condition {
 public:
  NodeId Copy(View view) { return ast_.Copy(view.ast, view.id); }
  NodeId Number(int64_t value) { return ast_.AddNumber(value); }
  NodeId Add(Kind kind, std::initializer_list<NodeId> kids) { return ast_.Add(kind, kids); }
  NodeId Function(Function function, std::initializer_list<NodeId> kids) {
    const NodeId id = ast_.Add(Kind::kFunction, kids);
    ast_.nodes[id].op = static_cast<uint16_t>(function);
    return id;
  }
  NodeId E() { return ast_.Add(Kind::kE, {}); }
  Ast Related(NodeId left, Relation relation, NodeId right) {
    ast_.root = ast_.AddEquation(left, right);
    ast_.relations.back() = relation;
    return std::move(ast_);
  }

 private:
  Ast ast_;
};

class Peeler {
 public:
  Peeler(View term, Relation relation, View constant, const std::string& variable, const Context& context)
      : term_(term), relation_(relation), constant_(constant), variable_(variable), context_(context) {}

  std::optional<Peeled> Run() {
    switch (term_.kind()) {
      case Kind::kNegate: return One([&](Condition& made) { return made.Add(Kind::kNegate, {made.Copy(constant_)}); }, term_.kid(0), Mirrored(relation_));
      case Kind::kAdd: return Sum();
      case Kind::kMultiply: case Kind::kDivide: return Multiple();
      case Kind::kRoot: return Root();
      case Kind::kPower: return Exponential(term_.kid(0), term_.kid(1));
      case Kind::kFunction: return Function();
      default: return std::nullopt;
    }
  }

 private:
  bool Open(View view) const { return DependsOn(view, variable_); }

  std::optional<Enclosure> Value(View view) const {
    Enclosure value;
    if (Evaluate(view.ast, view.id, {}, kEndPointPrecision, context_.fuel, value) != Evaluated::kOk) return std::nullopt;
    return value.exact || arb_is_zero(acb_imagref(value.Ball(kEndPointPrecision))) ? std::optional(std::move(value)) : std::nullopt;
  }
  std::optional<int> Sign(View view, int64_t minus = 0) const {
    const std::optional<Enclosure> value = Value(view);
    return value.has_value() ? CompareReals(*value, Enclosure(Rational(minus))) : std::nullopt;
  }

  // argument R (what `bound` adds), and nothing else.
  template <typename Bound>
  std::optional<Peeled> One(const Bound& bound, View argument, Relation relation) const {
    Peeled peeled;
    peeled.conditions.push_back(Bounded(bound, argument, relation));
    return peeled;
  }
  template <typename Bound>
  Ast Bounded(const Bound& bound, View argument, Relation relation) const {
    Condition made;
    const NodeId left = made.Copy(argument), right = bound(made);
    return made.Related(left, relation, right);
  }
  Ast AgainstZero(View argument, Relation relation) const {
    return Bounded([](Condition& made) { return made.Number(0); }, argument, relation);
  }

  std::optional<Peeled> Sum() const {
    const View a = term_.kid(0), b = term_.kid(1);
    if (Open(a) == Open(b)) return std::nullopt;
    const View open = Open(a) ? a : b, closed = Open(a) ? b : a;
    return One([&](Condition& made) {
      const NodeId constant = made.Copy(constant_), part = made.Copy(closed);
      const NodeId negated = made.Add(Kind::kNegate, {part});
      return made.Add(Kind::kAdd, {constant, negated});
    }, open, relation_);
  }

  std::optional<Peeled> Multiple() const {
    const View a = term_.kid(0), b = term_.kid(1);
    const bool divided = term_.kind() == Kind::kDivide;
    if (Open(a) == Open(b) || (divided && Open(b))) return std::nullopt;
    const View open = Open(a) ? a : b, factor = Open(a) ? b : a;
    const std::optional<int> sign = Sign(factor);
    if (!sign.has_value() || *sign == 0) return std::nullopt;
    return One([&](Condition& made) {
      const NodeId constant = made.Copy(constant_), part = made.Copy(factor);
      return made.Add(divided ? Kind::kMultiply : Kind::kDivide, {constant, part});
    }, open, *sign > 0 ? relation_ : Mirrored(relation_));
  }

  // √g of an even degree.
  std::optional<Peeled> Root() const {
    const View radicand = term_.kid(0), index = term_.kid(1);
    const std::optional<int> sign = Sign(constant_);
    if (!sign.has_value() || index.kind() != Kind::kNumber || !index.ast.number(index.id).FitsInt64()) return std::nullopt;
    const int64_t degree = index.ast.number(index.id).ToInt64();
    if (degree < 2 || degree > 64) return std::nullopt;
    const auto power = [&](Condition& made) {
      const NodeId constant = made.Copy(constant_), exponent = made.Number(degree);
      return made.Add(Kind::kPower, {constant, exponent});
    };
    if (degree % 2 != 0) return One(power, radicand, relation_);
    Peeled peeled;
    peeled.conditions.push_back(AgainstZero(radicand, Relation::kGreaterEqual));
    const bool below = relation_ == Relation::kLess || relation_ == Relation::kLessEqual;
    if (*sign < 0) {  // A root is never below a negative number and always above.
      peeled.never = below;
      return peeled;
    }
    peeled.conditions.push_back(Bounded(power, radicand, relation_));
    return peeled;
  }

  // b^g for a constant b.
  std::optional<Peeled> Exponential(View base, View exponent) const {
    if (Open(base) || !Open(exponent)) return std::nullopt;
    const std::optional<int> positive = Sign(base), above_one = Sign(base, 1), sign = Sign(constant_);
    if (!positive.has_value() || *positive <= 0 || !above_one.has_value() || *above_one == 0 || !sign.has_value() || *sign <= 0) return std::nullopt;
    return One([&](Condition& made) {
      const NodeId number = made.Copy(base), constant = made.Copy(constant_);
      return made.Function(Function::kLog, {number, constant});
    }, exponent, *above_one > 0 ? relation_ : Mirrored(relation_));
  }

  std::optional<Peeled> Function() const {
    switch (term_.ast.function(term_.id)) {
      case math::Function::kLn: return Logarithm(term_.kid(0), [](Condition& made) { return made.E(); }, 1);
      case math::Function::kLog10: return Logarithm(term_.kid(0), [](Condition& made) { return made.Number(10); }, 1);
      case math::Function::kLog: {
        const View base = term_.kid(0);
        if (Open(base)) return std::nullopt;
        const std::optional<int> positive = Sign(base), above_one = Sign(base, 1);
        if (!positive.has_value() || *positive <= 0 || !above_one.has_value() || *above_one == 0) return std::nullopt;
        return Logarithm(term_.kid(1), [&](Condition& made) { return made.Copy(base); }, *above_one);
      }
      case math::Function::kExp: {
        const std::optional<int> sign = Sign(constant_);
        if (!sign.has_value() || *sign <= 0) return std::nullopt;
        return One([&](Condition& made) { return made.Function(math::Function::kLn, {made.Copy(constant_)}); }, term_.kid(0), relation_);
      }
      default: return std::nullopt;
    }
  }

  // The logarithm of g to a base above 1, or below where `direction` is negative.
  template <typename Base>
  std::optional<Peeled> Logarithm(View argument, const Base& base, int direction) const {
    Peeled peeled;
    peeled.conditions.push_back(AgainstZero(argument, Relation::kGreater));
    peeled.conditions.push_back(Bounded([&](Condition& made) {
      const NodeId number = base(made), constant = made.Copy(constant_);
      return made.Add(Kind::kPower, {number, constant});
    }, argument, direction > 0 ? relation_ : Mirrored(relation_)));
    return peeled;
  }

  const View term_;
  const Relation relation_;
  const View constant_;
  const std::string& variable_;
  const Context& context_;
};

}  // namespace

std::optional<Peeled> Peel(View left, Relation relation, View right, const std::string& variable, const Context& context) {
  const bool open_left = DependsOn(left, variable), open_right = DependsOn(right, variable);
  if (!IsOrder(relation) || open_left == open_right || !context.fuel.Spend(200)) return std::nullopt;
  return open_left ? Peeler(left, relation, right, variable, context).Run() : Peeler(right, Mirrored(relation), left, variable, context).Run();
}

}  // namespace cohort::reward::math
