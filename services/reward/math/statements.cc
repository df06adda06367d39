#include "services/reward/math/statements.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "services/reward/math/limits.h"
#include "services/reward/math/structure.h"

namespace cohort::reward::math {
namespace {

bool IsEquivalence(const Ast& ast, NodeId id) {
  return ast.Is(id, Kind::kRelation) && ast.node(id).kid_count == 2 && ast.relation(id, 0) == Relation::kEquivalent;
}

std::vector<NodeId> MembersOf(const Ast& ast) {
  if (!ast.Is(ast.root, Kind::kList)) return {ast.root};
  std::vector<NodeId> members;
  for (size_t i = 0; i < ast.node(ast.root).kid_count; ++i) members.push_back(ast.kid(ast.root, i));
  return members;
}

// One residue class as it stands in the list.
struct Residue {
  NodeId name;
  NodeId value;
  NodeId modulus;
};

// Reads a list of residues; each part of it may be left out where a neighbour says it.
class ResidueReader {
 public:
  explicit ResidueReader(const Ast& ast) : ast_(ast) {}

  // The residues of the members; empty when they are something else, or when nothing was left out.
  std::vector<Residue> Read(const std::vector<NodeId>& members) {
    for (const NodeId member : members) {
      if (!Take(member)) return {};
    }
    return open_ == 0 && shortened_ ? residues_ : std::vector<Residue>();
  }

 private:
  bool Take(NodeId member) {
    if (ast_.Is(member, Kind::kCongruence)) {
      const NodeId inner = ast_.kid(member, 0);
      if (ast_.Is(inner, Kind::kRelation) ? !IsEquivalence(ast_, inner) : !named_) return false;
      if (!ast_.Is(inner, Kind::kRelation)) shortened_ = true;
      AddValue(inner);
      return Close(ast_.kid(member, 1));
    }
    if (ast_.Is(member, Kind::kModulo) && open_ > 0) {  // 1, 3 mod 8
      AddValue(ast_.kid(member, 0));
      return Close(ast_.kid(member, 1));
    }
    const bool scalar = ast_.node(member).kind <= Kind::kPlusMinus && !ast_.Is(member, Kind::kText);
    if (!IsEquivalence(ast_, member) && !(named_ && scalar)) return false;
    AddValue(member);
    ++open_;
    shortened_ = true;
    return true;
  }

  void AddValue(NodeId id) {
    const bool relation = ast_.Is(id, Kind::kRelation);
    if (relation) name_ = ast_.kid(id, 0);
    named_ = true;
    residues_.push_back({name_, relation ? ast_.kid(id, 1) : id, 0});
  }

  // The modulus counts for every residue since the last one.
  bool Close(NodeId modulus) {
    for (size_t i = residues_.size() - open_ - 1; i < residues_.size(); ++i) residues_[i].modulus = modulus;
    open_ = 0;
    return true;
  }

  const Ast& ast_;
  std::vector<Residue> residues_;
  NodeId name_ = 0;
  bool named_ = false;
  bool shortened_ = false;
  size_t open_ = 0;  // Residues that wait for their modulus.
};

NodeId AddRelation(Ast& out, NodeId left, NodeId right, Relation relation) {
  const NodeId id = out.AddEquation(left, right);
  out.relations.back() = relation;
  return id;
}

// Makes `out` the list of what `members` are, unless it would be too large.
bool Replace(Ast& ast, Ast out, const std::vector<NodeId>& members, uint8_t joint) {
  if (out.nodes.size() >= kMaxNodes) return false;
  out.root = members.size() == 1 ? members[0] : out.Add(Kind::kList, members.data(), members.size());
  if (members.size() > 1) out.nodes[out.root].flag = joint;
  ast = std::move(out);
  return true;
}

void WriteResiduesOut(Ast& ast, Fuel& fuel) {
  const std::vector<Residue> residues = ResidueReader(ast).Read(MembersOf(ast));
  if (residues.size() < 2) return;
  Ast out;
  std::vector<NodeId> members;
  for (const Residue& residue : residues) {
    if (out.nodes.size() >= kMaxNodes || !fuel.Spend(100)) return;
    const NodeId name = out.Copy(ast, residue.name), value = out.Copy(ast, residue.value);
    const NodeId relation = AddRelation(out, name, value, Relation::kEquivalent), modulus = out.Copy(ast, residue.modulus);
    members.push_back(out.Add(Kind::kCongruence, {relation, modulus}));
  }
  Replace(ast, std::move(out), members, ast.node(ast.root).flag);
}

bool IsExclusion(const Ast& ast, NodeId id) {
  return ast.Is(id, Kind::kRelation) && ast.node(id).kid_count == 2 && ast.relation(id, 0) == Relation::kNotEqual && ast.Is(ast.kid(id, 0), Kind::kSymbol);
}

// "x ≠ 2, -2": what follows is excluded as well.
void WriteExclusionsOut(Ast& ast, Fuel& fuel) {
  const std::vector<NodeId> old = MembersOf(ast);
  Ast out;
  std::vector<NodeId> members;
  NodeId name = 0;
  bool named = false;
  bool shortened = false;
  for (const NodeId id : old) {
    if (out.nodes.size() >= kMaxNodes || !fuel.Spend(20)) return;
    const bool exclusion = IsExclusion(ast, id);
    if (exclusion) name = ast.kid(id, 0);
    const bool value = named && !exclusion && ast.node(id).kind <= Kind::kPlusMinus && !ast.Is(id, Kind::kText);
    named = exclusion || value;
    if (!value) {
      members.push_back(out.Copy(ast, id));
      continue;
    }
    const NodeId left = out.Copy(ast, name), right = out.Copy(ast, id);
    members.push_back(AddRelation(out, left, right, Relation::kNotEqual));
    shortened = true;
  }
  if (shortened) Replace(ast, std::move(out), members, kJoinedByAnd);
}

// x = y = z = 1: several different names and one constant.
bool IsSharedValue(const Ast& ast, NodeId id) {
  const size_t count = ast.node(id).kid_count;
  if (!ast.Is(id, Kind::kRelation) || count < 3 || !Variables({ast, ast.kid(id, count - 1)}).empty()) return false;
  for (size_t i = 0; i + 1 < count; ++i) {
    if (ast.relation(id, i) != Relation::kEqual || !ast.Is(ast.kid(id, i), Kind::kSymbol)) return false;
    for (size_t k = 0; k < i; ++k) {
      if (ast.name(ast.kid(id, i)) == ast.name(ast.kid(id, k))) return false;
    }
  }
  return true;
}

void WriteSharedValuesOut(Ast& ast, Fuel& fuel) {
  const std::vector<NodeId> old = MembersOf(ast);
  if (std::none_of(old.begin(), old.end(), [&ast](NodeId id) { return IsSharedValue(ast, id); })) return;
  const uint8_t joint = ast.Is(ast.root, Kind::kList) ? ast.node(ast.root).flag : 0;
  Ast out;
  std::vector<NodeId> members;
  for (const NodeId id : old) {
    if (out.nodes.size() >= kMaxNodes || !fuel.Spend(100)) return;
    if (!IsSharedValue(ast, id)) {
      members.push_back(out.Copy(ast, id));
      continue;
    }
    const size_t count = ast.node(id).kid_count;
    std::vector<NodeId> equations;
    for (size_t i = 0; i + 1 < count; ++i) {
      const NodeId name = out.Copy(ast, ast.kid(id, i)), value = out.Copy(ast, ast.kid(id, count - 1));
      equations.push_back(out.AddEquation(name, value));
    }
    // In a choice each solution stays together.
    if (joint == kJoinedByOr) members.push_back(out.Add(Kind::kList, equations.data(), equations.size()));
    else members.insert(members.end(), equations.begin(), equations.end());
  }
  Replace(ast, std::move(out), members, joint);
}

// f(x), or the letter of a function by itself.
bool NamesFunction(const Ast& ast, NodeId id) {
  if (ast.Is(id, Kind::kMultiply)) return IsName({ast, id});
  return ast.Is(id, Kind::kSymbol) && std::string_view("fghFGHPQ").find(ast.name(id)) != std::string_view::npos;
}

void ReadIdentities(Ast& ast) {
  for (const NodeId id : MembersOf(ast)) {
    if (IsEquivalence(ast, id) && NamesFunction(ast, ast.kid(id, 0))) ast.relations[static_cast<size_t>(ast.node(id).payload)] = Relation::kEqual;
  }
}

}  // namespace

void ReadStatements(Ast& ast, Fuel& fuel) {
  if (ast.relations.empty()) return;
  if (std::find(ast.relations.begin(), ast.relations.end(), Relation::kEquivalent) != ast.relations.end()) {
    WriteResiduesOut(ast, fuel);
    ReadIdentities(ast);
  }
  if (ast.Is(ast.root, Kind::kList) && std::find(ast.relations.begin(), ast.relations.end(), Relation::kNotEqual) != ast.relations.end()) WriteExclusionsOut(ast, fuel);
  if (ast.relations.size() > 1) WriteSharedValuesOut(ast, fuel);
}

}  // namespace cohort::reward::math
