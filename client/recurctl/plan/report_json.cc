#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/recurctl/command.h"
#include "client/recurctl/plan/report.h"

namespace recurd {
namespace {

// A JSON array of items, each made by `append(item)`.
template <class Items, class Append>
std::string List(const Items& items, Append append) {
  return absl::StrCat("[", absl::StrJoin(items, ",", [&](std::string* out, const auto& item) { *out += append(item); }),
                      "]");
}

std::string RoleJson(const hw::RoleTiles& role) {
  return absl::StrFormat("{\"role\":%s,\"tiles\":%d,\"data_bytes\":%d}", JsonString(hw::NameOf(role.role)), role.tiles,
                         role.data_bytes);
}
std::string UsageJson(const hw::Usage& usage) {
  return absl::StrFormat("{\"resource\":%s,\"number\":%d,\"limit\":%d}", JsonString(usage.resource), usage.number,
                         usage.limit);
}
std::string PartJson(const hw::Part& part) {
  return absl::StrFormat("{\"part\":%s,\"ns\":%.1f}", JsonString(part.name),
                         static_cast<double>(part.cycles) * hw::kNsPerCycle);
}

std::string MappingJson(const MappingPlan& m) {
  const std::string head =
      absl::StrFormat("{\"mapping\":\"%s\",\"fits\":%s", m.mapping->name, m.fits() ? "true" : "false");
  if (!m.fits()) return absl::StrCat(head, ",\"reason\":", JsonString(m.objection), "}");
  const hw::Footprint& f = m.footprint;
  return absl::StrCat(
      head,
      absl::StrFormat(",\"tiles\":%d,\"streams\":%d,\"cascades\":%d,\"plios_in\":%d,\"plios_out\":%d,\"data_bytes\":%d",
                      f.tiles(), f.streams, f.cascades, f.plios_in, f.plios_out, f.data_bytes()),
      absl::StrFormat(",\"modelled_ns\":{\"first\":%.1f,\"steady\":%.1f,\"switch\":%.1f}", m.first_ns(), m.steady_ns(),
                      m.switch_ns()),
      ",\"roles\":", List(f.roles, RoleJson), ",\"limits\":", List(hw::Usages(f), UsageJson),
      ",\"parts\":", List(m.form.parts, PartJson),
      absl::StrFormat(",\"planned_interleaving\":{\"sessions\":%d,\"period_ns\":%.1f,\"slowest\":%s}",
                      m.interleaving.sessions, m.interleaved_ns(), JsonString(m.interleaving.resource)),
      absl::StrFormat(",\"planned_copies\":{\"count\":%d,\"limit\":%s}}", m.copies.count, JsonString(m.copies.limit)));
}

std::string LayerJson(const LayerPlan& layer) {
  return absl::StrFormat("{\"name\":%s,\"kind\":%s,\"units\":%d,\"inputs\":%d,\"mappings\":%s}",
                         JsonString(layer.op->name), JsonString(DescribeLayer(*layer.op)), layer.op->out.size,
                         layer.op->in.size, List(layer.mappings, MappingJson));
}

}  // namespace

std::string PlanJson(const Model& model, const ModelPlan& plan) {
  return absl::StrFormat("{\"model\":%s,\"modelled\":true,\"weight_sets\":%d,\"best\":%s,\"layers\":%s,\"ps\":%s}\n",
                         JsonString(model.name), plan.weight_sets,
                         plan.best == nullptr ? "null" : JsonString(plan.best->name), List(plan.layers, LayerJson),
                         List(plan.ps_ops, JsonString));
}

}  // namespace recurd
