#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/recurctl/command.h"
#include "client/recurctl/plan/report.h"
#include "hw/config/geometry.h"

namespace recurd {
namespace {

double Ns(hw::Cycles cycles) { return static_cast<double>(cycles) * hw::kNsPerCycle; }

std::string Millions(double period_ns) { return absl::StrFormat("%.2f M steps/s", 1e3 / period_ns); }

void AppendTable(const ModelPlan& plan, const LayerPlan& layer, std::string* text) {
  absl::StrAppendFormat(text, "  %-13s %6s %8s %10s %20s %10s %10s %10s\n", "mapping", "tiles", "streams", "PLIOs",
                        "fullest tile", "first", "steady", "switch");
  for (const MappingPlan& m : layer.mappings) {
    const char mark = m.mapping == plan.best ? '*' : ' ';
    if (!m.fits()) {
      absl::StrAppendFormat(text, "%c %-13s doesn't fit: %s\n", mark, m.mapping->name, m.objection);
      continue;
    }
    const hw::Footprint& f = m.footprint;
    absl::StrAppendFormat(text, "%c %-13s %6d %8d %4d + %3d %12d B (%2.0f %%) %7.1f ns %7.1f ns %7.1f ns\n", mark,
                          m.mapping->name, f.tiles(), f.streams, f.plios_in, f.plios_out, f.data_bytes(),
                          100.0 * f.data_bytes() / hw::kTileDataBytes, m.first_ns(), m.steady_ns(), m.switch_ns());
  }
}

std::string Roles(const hw::Footprint& footprint) {
  return absl::StrJoin(footprint.roles, ", ", [](std::string* out, const hw::RoleTiles& role) {
    absl::StrAppend(out, role.tiles, " ", hw::NameOf(role.role));
  });
}

std::string Binding(const hw::Footprint& footprint) {
  const std::vector<hw::Usage> usages = hw::Usages(footprint);
  return absl::StrJoin(usages.begin(), usages.begin() + 3, ", ", [](std::string* out, const hw::Usage& usage) {
    absl::StrAppendFormat(out, "%d of %d %s (%.0f %%)", usage.number, usage.limit, usage.resource, 100 * usage.Share());
  });
}

// Where a step's time goes: parts of the same name together, the longest first.
std::vector<hw::Part> MergedParts(const hw::ClosedForm& form) {
  std::vector<hw::Part> merged;
  for (const hw::Part& part : form.parts) {
    const auto same = std::find_if(merged.begin(), merged.end(),
                                   [&](const hw::Part& other) { return std::string(other.name) == part.name; });
    if (same == merged.end()) {
      merged.push_back(part);
    } else {
      same->cycles += part.cycles;
    }
  }
  std::stable_sort(merged.begin(), merged.end(),
                   [](const hw::Part& a, const hw::Part& b) { return a.cycles > b.cycles; });
  return merged;
}

void AppendParts(const hw::ClosedForm& form, std::string* text) {
  absl::StrAppendFormat(text, "    a step waits for the %s: once around the state %.1f ns, a row of inputs %.1f ns\n",
                        form.inputs > form.recurrent ? "inputs" : "state", Ns(form.recurrent), Ns(form.inputs));
  for (const hw::Part& part : MergedParts(form)) {
    if (part.cycles == 0) continue;
    absl::StrAppendFormat(text, "      %8.1f ns %3.0f %%  %s\n", Ns(part.cycles),
                          100.0 * static_cast<double>(part.cycles) / static_cast<double>(form.recurrent), part.name);
  }
}

void AppendRates(const MappingPlan& m, std::string* text) {
  const hw::Interleaving& turns = m.interleaving;
  absl::StrAppendFormat(text, "    planned from the closed form: %s alone; ", Millions(m.steady_ns()));
  if (turns.sessions > 1) {
    absl::StrAppendFormat(text, "%s with %d sessions interleaved (no kernels for it; %s: %.1f ns a step)\n",
                          Millions(m.interleaved_ns()), turns.sessions, turns.resource, Ns(turns.period));
  } else {
    absl::StrAppendFormat(text, "interleaving wins nothing (%s)\n", turns.resource);
  }
  absl::StrAppendFormat(text, "    planned: %d %s of it on the device (limit: %s), %s in all\n", m.copies.count,
                        m.copies.count == 1 ? "copy" : "copies", m.copies.limit,
                        Millions(m.steady_ns() / m.copies.count));
}

void AppendDetails(const MappingPlan& m, std::string* text) {
  absl::StrAppendFormat(text, "\n  %s: %s\n", m.mapping->name, OnArray(m.shape));
  const int units = hw::PlannedUnits(m.shape.mapping, m.shape.hidden_size);
  if (units != m.shape.hidden_size) {
    absl::StrAppendFormat(text, "    planned for %d units, the %d filled up\n", units, m.shape.hidden_size);
  }
  absl::StrAppendFormat(text, "    %d tiles: %s\n", m.footprint.tiles(), Roles(m.footprint));
  if (m.footprint.cascades > 0) absl::StrAppendFormat(text, "    %d cascades\n", m.footprint.cascades);
  absl::StrAppendFormat(text, "    built graph: %s\n", HostedBy(m.shape));
  absl::StrAppendFormat(text, "    nearest limits: %s\n", Binding(m.footprint));
  AppendParts(m.form, text);
  AppendRates(m, text);
}

std::string PsText(const std::vector<std::string>& ops) {
  if (ops.empty()) return "On the PS: nothing.\n";
  std::map<std::string, int> counts;
  for (const std::string& op : ops) ++counts[op];
  return absl::StrCat("On the PS: ",
                      absl::StrJoin(counts, ", ",
                                    [](std::string* out, const auto& item) {
                                      absl::StrAppend(out, item.first);
                                      if (item.second > 1) absl::StrAppend(out, " (", item.second, " times)");
                                    }),
                      ".\n");
}

// Each layer on an array of its own, one after the other.
std::string SumText(const ModelPlan& plan) {
  std::string text = "\nAll layers, each on an array of its own, one after the other:\n";
  for (size_t i = 0; i < plan.layers[0].mappings.size(); ++i) {
    double steady_ns = 0;
    int tiles = 0;
    bool fits = true;
    for (const LayerPlan& layer : plan.layers) {
      steady_ns += layer.mappings[i].steady_ns();
      tiles += layer.mappings[i].footprint.tiles();
      fits = fits && layer.mappings[i].fits();
    }
    const char* name = plan.layers[0].mappings[i].mapping->name;
    fits ? absl::StrAppendFormat(&text, "  %-13s %6d tiles, steady step %.1f ns\n", name, tiles, steady_ns)
         : absl::StrAppendFormat(&text, "  %-13s doesn't fit\n", name);
  }
  return text;
}

}  // namespace

std::string PlanText(const Model& model, const ModelPlan& plan) {
  std::string text = absl::StrFormat(
      "Model %s: %d inputs, %d outputs, %d recurrent layer%s; %d weight set%s resident. Every time and rate is "
      "modelled, none measured.\n",
      Printable(model.name), model.input_size, model.output_size, plan.layers.size(),
      plan.layers.size() == 1 ? "" : "s", plan.weight_sets, plan.weight_sets == 1 ? "" : "s");
  for (const LayerPlan& layer : plan.layers) {
    absl::StrAppendFormat(&text, "\nLayer '%s': %s\n", Printable(layer.op->name), DescribeLayer(*layer.op));
    AppendTable(plan, layer, &text);
    for (const MappingPlan& mapping : layer.mappings) {
      if (mapping.fits()) AppendDetails(mapping, &text);
    }
  }
  if (plan.layers.size() > 1) text += SumText(plan);
  absl::StrAppend(&text, "\n", PsText(plan.ps_ops));
  if (plan.layers.empty()) return text + "No recurrent layer: nothing lies on the array.\n";
  if (plan.best == nullptr)
    return text + "None of these fits all layers: try --mapping=auto, or serve the model with --pipeline=cpu.\n";
  return text + absl::StrFormat("* Best: --mapping=%s, the shortest modelled steady step.\n", plan.best->name);
}

}  // namespace recurd
