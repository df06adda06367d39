#include "services/reward/math/ast.h"

#include <algorithm>

namespace cohort::reward::math {

Relation Mirrored(Relation relation) {
  switch (relation) {
    case Relation::kLess: return Relation::kGreater;
    case Relation::kLessEqual: return Relation::kGreaterEqual;
    case Relation::kGreater: return Relation::kLess;
    case Relation::kGreaterEqual: return Relation::kLessEqual;
    default: return relation;
  }
}

NodeId Ast::Add(Kind kind, const NodeId* children, size_t count) {
  Node node{kind};
  const NodeId id = static_cast<NodeId>(nodes.size());
  node.first_kid = static_cast<uint32_t>(kids.size());
  node.kid_count = static_cast<uint32_t>(count);
  node.begin = id;
  for (size_t i = 0; i < count; ++i) {
    kids.push_back(children[i]);
    node.begin = std::min(node.begin, nodes[children[i]].begin);
  }
  nodes.push_back(node);
  return id;
}

NodeId Ast::AddNumber(Rational value) {
  const NodeId id = Add(Kind::kNumber, {});
  nodes[id].payload = static_cast<int32_t>(numbers.size());
  numbers.push_back(std::move(value));
  return id;
}

int32_t Ast::NameId(std::string_view name) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<int32_t>(i);
  }
  names.emplace_back(name);
  return static_cast<int32_t>(names.size() - 1);
}

NodeId Ast::AddNamed(Kind kind, std::string_view name) {
  const NodeId id = Add(kind, {});
  nodes[id].payload = NameId(name);
  return id;
}

NodeId Ast::AddText(std::string_view folded, std::string_view written) {
  const NodeId id = AddNamed(Kind::kText, folded);
  nodes[id].extra = static_cast<uint32_t>(NameId(written));
  return id;
}

NodeId Ast::AddEquation(NodeId left, NodeId right) {
  const NodeId id = Add(Kind::kRelation, {left, right});
  nodes[id].payload = static_cast<int32_t>(relations.size());
  relations.push_back(Relation::kEqual);
  return id;
}

bool Ast::Contains(NodeId id, Kind kind) const {
  for (NodeId i = nodes[id].begin; i <= id; ++i) {
    if (nodes[i].kind == kind) return true;
  }
  return false;
}

NodeId Ast::CopyNode(const Ast& from, NodeId id, const std::vector<NodeId>& children) {
  const Node old = from.nodes[id];  // A copy: `from` may be this tree.
  const NodeId copy = Add(old.kind, children.data(), children.size());
  Node& made = nodes[copy];
  made.flag = old.flag;
  made.op = old.op;
  made.extra = old.extra;
  made.payload = old.payload;
  switch (old.kind) {
    case Kind::kNumber:
      made.payload = static_cast<int32_t>(numbers.size());
      numbers.push_back(from.number(id));
      break;
    case Kind::kText: {
      const int32_t folded = NameId(from.name(id)), written = NameId(from.written(id));
      nodes[copy].payload = folded;
      nodes[copy].extra = static_cast<uint32_t>(written);
      break;
    }
    case Kind::kSymbol: case Kind::kUnit: case Kind::kNumeral: case Kind::kNumberSet: case Kind::kCall: case Kind::kSum: case Kind::kProduct:
    case Kind::kIntegral: case Kind::kLimit:
      if (!from.names.empty()) nodes[copy].payload = NameId(from.name(id));
      break;
    case Kind::kRelation:
      made.payload = static_cast<int32_t>(relations.size());
      for (size_t k = 0; k + 1 < old.kid_count; ++k) relations.push_back(from.relation(id, k));
      break;
    default: break;
  }
  return copy;
}

NodeId Ast::Copy(const Ast& from, NodeId id) {
  const NodeId begin = from.nodes[id].begin;
  const NodeId shift = static_cast<NodeId>(nodes.size()) - begin;  // Modulo 2^32, undone by the additions below.
  std::vector<NodeId> children;
  for (NodeId i = begin; i <= id; ++i) {
    children.clear();
    for (size_t k = 0; k < from.nodes[i].kid_count; ++k) children.push_back(from.kid(i, k) + shift);
    CopyNode(from, i, children);
  }
  return id + shift;
}

}  // namespace cohort::reward::math
