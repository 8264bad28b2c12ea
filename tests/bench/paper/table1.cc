#include "tests/bench/paper/table1.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace recurd::bench {
namespace {

absl::StatusOr<int> TilesOf(const Emulated& layer, hw::Mapping mapping, const hw::Timing& timing) {
  const auto system = layer.make(mapping, 8, timing);
  if (!system.ok()) return system.status();
  return CountTiles(**system);
}

}  // namespace

int CountTiles(const emu::GruSystem& system) {
  const auto& nodes = system.nodes().nodes;
  return static_cast<int>(std::count_if(nodes.begin(), nodes.end(),
                                        [](const auto& node) { return node->kind == emu::Node::Kind::kKernel; }));
}

const std::vector<PaperRow>& PaperTable1() {
  static const std::vector<PaperRow> rows = {{{20, 184, 181, 6, 7, 229.6}, 5124, 9250},
                                             {{24, 220, 217, 6, 7, 273.6}, 6066, 11834},
                                             {{28, 256, 253, 8, 9, 319.2}, 7057, 15663},
                                             {{32, 292, 289, 8, 9, 363.2}, 8003, 19198}};
  return rows;
}

absl::StatusOr<Table1Row> CountTable1(const Emulated& layer, const hw::Timing& timing) {
  Table1Row row;
  row.hidden_size = layer.hidden_size;
  const auto aie = TilesOf(layer, hw::kMappingAie, timing), hybrid = TilesOf(layer, hw::kMappingHybrid, timing);
  if (!aie.ok()) return aie.status();
  if (!hybrid.ok()) return hybrid.status();
  row.aie_tiles = *aie;
  row.hybrid_tiles = *hybrid;
  const emu::AggregatorCycles kernel = layer.count_pl_kernel();
  row.interval = kernel.regular ? static_cast<int>(kernel.interval) : 0;
  row.depth = static_cast<int>(kernel.depth);
  const emu::SortedRows tile = layer.count_aggregator_tile();
  row.aggregator_ns = tile.regular ? hw::kNsPerCycle * static_cast<double>(tile.cycles) : 0;
  return row;
}

void PrintTable1(const std::vector<Table1Row>& counted) {
  std::printf("\nTable 1 of arXiv 2511.15626: the paper's | counted here\n");
  std::printf("%3s %15s %15s %9s %9s %10s %10s %21s\n", "H", "tiles aie", "tiles hybrid", "PL II", "PL depth", "FF",
              "LUT", "AIE aggregator ns");
  for (size_t i = 0; i < counted.size(); ++i) {
    const PaperRow& paper = PaperTable1()[i];
    const Table1Row& ours = counted[i];
    std::printf("%3d %9d | %3d %9d | %3d %5d | %d %5d | %d %6d | - %6d | - %10.1f | %6.1f *\n", paper.hidden_size,
                paper.aie_tiles, ours.aie_tiles, paper.hybrid_tiles, ours.hybrid_tiles, paper.interval, ours.interval,
                paper.depth, ours.depth, paper.flip_flops, paper.lookup_tables, paper.aggregator_ns,
                ours.aggregator_ns);
  }
  std::printf("Tiles are counted in the graphs, II and depth (PL cycles of 3.2 ns) in the running state machine.\n");
  std::printf("* fitted: one constant of hw/config/timing.h, the same for all H, is chosen to meet this column.\n");
  std::printf("FF and LUT are the paper's alone: nothing is synthesized here.\n");
}

Table1Deviation CompareTable1(const std::vector<Table1Row>& counted) {
  Table1Deviation deviation;
  for (size_t i = 0; i < counted.size(); ++i) {
    const PaperRow& paper = PaperTable1()[i];
    const Table1Row& ours = counted[i];
    deviation.tiles += (paper.aie_tiles != ours.aie_tiles) + (paper.hybrid_tiles != ours.hybrid_tiles);
    deviation.pl_kernel += (paper.interval != ours.interval) + (paper.depth != ours.depth);
    deviation.aggregator_ns = std::max(deviation.aggregator_ns, std::abs(paper.aggregator_ns - ours.aggregator_ns));
  }
  return deviation;
}

}  // namespace recurd::bench
