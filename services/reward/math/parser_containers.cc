// Brackets, environments and what stands between their separators: lists, sets, intervals, matrices.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "services/reward/math/parser_state.h"

namespace cohort::reward::math {
namespace {

char ClosingOf(uint16_t open) {
  switch (open) {
    case '(': return ')';
    case '[': return ']';
    case '<': return '>';
    default: return static_cast<char>(open);  // f, c: floor and ceiling.
  }
}

}  // namespace

void Parser::OpenContainer(FrameKind kind, uint16_t bracket) {
  Frame& frame = Push(kind);
  frame.op = bracket;
  frame.extra = static_cast<uint32_t>(separators_.size());
  operand_expected_ = true;
}

void Parser::OpenBracket(const Token& token) {
  ++at_;
  const Tok next = Next().kind;
  if (token.op == 'S' || (token.op == '{' && lexed_.plain && Top().kind != FrameKind::kArguments)) {
    if (next == Tok::kClose && (Next().op == 'S' || Next().op == '}')) return ++at_, PushValue(ast_.Add(Kind::kEmptySet, {})), Complete();
    return OpenContainer(FrameKind::kSet, token.op);
  }
  OpenContainer(token.op == '{' ? FrameKind::kGroup : FrameKind::kBracket, token.op);
}

void Parser::SeparatorHere(Separator separator) {
  ReduceTo(kChoosePower);
  if (Failed()) return;
  const FrameKind kind = Top().kind;
  const bool in_cells = kind == FrameKind::kEnvironment;
  if ((separator >= kCellSeparator) != in_cells) {
    const Tok after = Ahead(1).kind;
    const bool idle = in_cells && separator == kCommaSeparator && (after == Tok::kAmpersand || after == Tok::kRowBreak || after == Tok::kEndEnvironment || after == Tok::kIf);
    if (!idle) return Fail("a separator stands where none can be");
    ++at_;
    return;
  }
  if (kind != FrameKind::kRoot && kind != FrameKind::kBracket && kind != FrameKind::kGroup && kind != FrameKind::kSet && !in_cells) return Fail("a separator stands where none can be");
  if (!in_cells && values_.size() - Top().values >= kMaxElements) return Fail("it has more than " + std::to_string(kMaxElements) + " members");
  ++at_;
  separators_.push_back(separator);
  operand_expected_ = true;
}

NodeId Parser::ListOf(const NodeId* items, size_t count, uint8_t joint) {
  if (count == 1) return items[0];
  const NodeId list = ast_.Add(Kind::kList, items, count);
  ast_.nodes[list].flag = joint;
  return list;
}

// The members of a container as one node: a list, of lists where looser separators stand between tighter ones ("x = 1, y = 2 or x = 2, y = 1").
NodeId Parser::GroupItems(const Frame& frame) {
  if (values_.size() == frame.values + 1 && separators_.size() == frame.extra) return PopValue();
  const std::vector<NodeId> items(values_.begin() + frame.values, values_.end());
  std::vector<Separator> between(separators_.begin() + frame.extra, separators_.end());
  separators_.resize(frame.extra);
  values_.resize(frame.values);
  if (items.size() <= 1 || between.size() + 1 != items.size()) return items.empty() ? ast_.Add(Kind::kEllipsis, {}) : items.back();
  const Separator loosest = *std::max_element(between.begin(), between.end());
  const bool relations = std::all_of(items.begin(), items.end(), [this](NodeId id) { return ast_.Is(id, Kind::kRelation); });
  // "1, 2 or 3" is one list; with assignments on both sides it is a choice of systems.
  const bool one_list = loosest == kOrSeparator && !relations && std::count(between.begin(), between.end(), kSemicolonSeparator) == 0;
  const bool nested = !one_list && *std::min_element(between.begin(), between.end()) != loosest;
  std::vector<NodeId> groups;
  for (size_t begin = 0, i = 0; i < items.size(); ++i) {
    if (i + 1 < items.size() && !one_list && between[i] != loosest) continue;
    std::vector<NodeId> members(items.begin() + static_cast<ptrdiff_t>(begin), items.begin() + static_cast<ptrdiff_t>(i) + 1);
    if (nested) {
      for (NodeId& member : members) member = MovedToEnd(member);
    }
    groups.push_back(ListOf(members.data(), members.size()));
    begin = i + 1;
  }
  return ListOf(groups.data(), groups.size(), loosest == kOrSeparator ? kJoinedByOr : and_written_ && loosest == kCommaSeparator ? kJoinedByAnd : 0);
}

// The list of a group would stand behind the members of the next group, so that the subtree of neither were in one piece: its members move beside it.
NodeId Parser::MovedToEnd(NodeId id) {
  const NodeId begin = ast_.node(id).begin, copy = ast_.Copy(ast_, id);
  for (NodeId old = begin; old <= id; ++old) ast_.Drop(old);
  return copy;
}

void Parser::CloseBracket(const Token& token) {
  ReduceTo(kChoosePower);
  if (Failed()) return;
  const Frame frame = Top();
  const char close = token.kind == Tok::kRelation ? '>' : static_cast<char>(token.op);
  const bool fits = (frame.kind == FrameKind::kGroup && close == '}') || (frame.kind == FrameKind::kSet && (close == 'S' || (close == '}' && frame.op == '{'))) ||
                    (frame.kind == FrameKind::kBracket && (close == ClosingOf(frame.op) || ((frame.op == '(' || frame.op == '[') && (close == ')' || close == ']'))));
  if (!fits) return Fail("a bracket closes that was not opened");
  const std::optional<NodeId> value = BuildContainer(frame, close);
  if (!value.has_value()) return;
  ++at_;
  frames_.pop_back();
  PushValue(*value);
  Complete();
}

std::optional<NodeId> Parser::BuildContainer(const Frame& frame, char close) {
  if (frame.kind == FrameKind::kSet && frame.mid >= 0) return BuildSetBuilder(frame);
  const NodeId content = GroupItems(frame);
  const bool several = ast_.Is(content, Kind::kList) && content + 1 == ast_.nodes.size();
  if (frame.kind == FrameKind::kGroup) return content;
  if (frame.kind == FrameKind::kSet) {
    if (!several && frame.op == '{') return content;  // {42} in plain text only groups.
    if (!several) return ast_.Add(Kind::kSet, {content});
    ast_.nodes[content].kind = Kind::kSet;
    return content;
  }
  if (frame.op == 'f' || frame.op == 'c') {
    if (several) return Fail("one value was expected in these brackets"), std::nullopt;
    const NodeId rounded = ast_.Add(Kind::kFunction, {content});
    ast_.nodes[rounded].op = static_cast<uint16_t>(frame.op == 'f' ? Function::kFloor : Function::kCeiling);
    return rounded;
  }
  const uint16_t brackets = PackBrackets(static_cast<char>(frame.op), close);
  if (several) {
    ast_.nodes[content].kind = Kind::kTuple;
    ast_.nodes[content].op = brackets;
    return content;
  }
  if (frame.op != '<' && close == ClosingOf(frame.op)) return content;
  if (frame.op != '<') return Fail("two values were expected in these brackets"), std::nullopt;
  const NodeId tuple = ast_.Add(Kind::kTuple, {content});
  ast_.nodes[tuple].op = brackets;
  return tuple;
}

std::optional<NodeId> Parser::BuildSetBuilder(const Frame& frame) {
  const size_t before = static_cast<size_t>(frame.mid);
  if (before != 1 || values_.size() - frame.values < 2) return Fail("a condition was expected"), std::nullopt;
  const NodeId what = values_[frame.values];
  Frame conditions = frame;
  conditions.values += 1;
  const NodeId condition = GroupItems(conditions);
  PopValue();
  return ast_.Add(Kind::kSetBuilder, {what, condition});
}

void Parser::CloseBar() {
  ReduceTo(kChoosePower);
  if (Failed()) return;
  if (Top().kind != FrameKind::kBar || values_.size() != Top().values + 1) return Fail("a bar closes that was not opened");
  ++at_;
  frames_.pop_back();
  const NodeId inside = PopValue();
  if (ast_.Is(inside, Kind::kMatrix) && ast_.node(inside).payload > 1) return PushValue(Determinant(inside)), Complete();
  const NodeId absolute = ast_.Add(Kind::kFunction, {inside});
  ast_.nodes[absolute].op = static_cast<uint16_t>(Function::kAbs);
  PushValue(absolute);
  Complete();
}

void Parser::CloseEnvironment() {
  ReduceTo(kChoosePower);
  if (Failed()) return;
  const Frame frame = Top();
  static constexpr std::string_view kKnown[] = {"matrix", "pmatrix", "bmatrix", "Bmatrix", "vmatrix", "smallmatrix", "psmallmatrix", "bsmallmatrix", "array", "cases", "aligned", "align", "align*", "gathered", "split"};
  if (std::find(std::begin(kKnown), std::end(kKnown), Next().text) == std::end(kKnown)) return Fail("the environment is not known");
  if (frame.kind != FrameKind::kEnvironment || tokens_[frame.op].text != Next().text) return Fail("an environment ends that did not begin");
  const NodeId matrix = BuildMatrix(frame, Next().text);
  if (Failed()) return;
  ++at_;
  frames_.pop_back();
  PushValue(matrix);
  Complete();
}

// Rows of a value and its condition: \left\{\begin{array}{ll} x, & x > 0 \\ -x, & x \le 0 \end{array}\right.
bool Parser::CellsAreCases(const std::vector<NodeId>& cells) const {
  for (size_t i = 0; i + 1 < cells.size(); i += 2) {
    if (ast_.Is(cells[i], Kind::kRelation) || !(ast_.Is(cells[i + 1], Kind::kRelation) || ast_.Is(cells[i + 1], Kind::kText))) return false;
  }
  return cells.size() % 2 == 0;
}

NodeId Parser::BuildMatrix(const Frame& frame, std::string_view name) {
  const std::vector<NodeId> cells(values_.begin() + frame.values, values_.end());
  const std::vector<Separator> between(separators_.begin() + frame.extra, separators_.end());
  separators_.resize(frame.extra);
  values_.resize(frame.values);
  size_t columns = 1;
  while (columns <= between.size() && between[columns - 1] == kCellSeparator) ++columns;
  bool even = !cells.empty() && between.size() + 1 == cells.size() && cells.size() % columns == 0;
  for (size_t i = 0; even && i < between.size(); ++i) even = (between[i] == kRowSeparator) == ((i + 1) % columns == 0);
  if (cells.size() > kMaxMatrixEntries) Fail("the matrix has more than " + std::to_string(kMaxMatrixEntries) + " entries");
  if (!even) Fail("the rows of the matrix differ in length");
  const bool conditions = columns == 2 && name == "array" && CellsAreCases(cells);
  const bool cases = name == "cases" || conditions;
  if (cases && columns != 2 && columns != 1) Fail("a case has a value and a condition");
  if (Failed()) return 0;
  const bool statements = std::all_of(cells.begin(), cells.end(), [this](NodeId id) { return ast_.Is(id, Kind::kRelation); });
  if (columns == 1 && (cases || statements)) return ListOf(cells.data(), cells.size());  // A system of equations.
  const NodeId matrix = ast_.Add(cases ? Kind::kCases : Kind::kMatrix, cells.data(), cells.size());
  ast_.nodes[matrix].payload = static_cast<int32_t>(columns);
  return name == "vmatrix" ? Determinant(matrix) : matrix;
}

// Written out as a sum over permutations.
NodeId Parser::Determinant(NodeId matrix) {
  const size_t columns = static_cast<size_t>(ast_.node(matrix).payload);
  if (ast_.node(matrix).kid_count != columns * columns || columns > kMaxDeterminant) {
    Fail("a determinant of at most " + std::to_string(kMaxDeterminant) + " rows and as many columns was expected");
    return matrix;
  }
  std::vector<size_t> order(columns);
  for (size_t i = 0; i < columns; ++i) order[i] = i;
  NodeId sum = 0;
  bool first = true;
  do {
    if (!fuel_.Spend(100) || ast_.nodes.size() > kMaxNodes) return Fail("the determinant is too large"), matrix;
    int inversions = 0;
    for (size_t i = 0; i < columns; ++i) {
      for (size_t j = i + 1; j < columns; ++j) inversions += order[i] > order[j] ? 1 : 0;
    }
    NodeId product = ast_.Copy(ast_, ast_.kid(matrix, order[0]));
    for (size_t i = 1; i < columns; ++i) {
      const NodeId factor = ast_.Copy(ast_, ast_.kid(matrix, i * columns + order[i]));
      product = ast_.Add(Kind::kMultiply, {product, factor});
    }
    if (inversions % 2 != 0) product = ast_.Add(Kind::kNegate, {product});
    sum = first ? product : ast_.Add(Kind::kAdd, {sum, product});
    first = false;
  } while (std::next_permutation(order.begin(), order.end()));
  for (NodeId id = ast_.node(matrix).begin; id <= matrix; ++id) ast_.Drop(id);
  return sum;
}

}  // namespace cohort::reward::math
