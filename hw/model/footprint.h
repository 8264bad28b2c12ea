#ifndef RECURD_HW_MODEL_FOOTPRINT_H_
#define RECURD_HW_MODEL_FOOTPRINT_H_

#include <optional>
#include <string>
#include <vector>

#include "hw/config/activation.h"
#include "hw/config/contract.h"
#include "hw/config/lanes.h"

// What a layer takes of the device in each mapping, at run-time geometry, without its graph. C++17.
namespace recurd {
namespace hw {

struct PlannedShape {
  Mapping mapping = kMappingLanes;
  LaneCell cell = LaneCell::kGruAfter;
  int hidden_size = 0, input_size = 0;
  int weight_sets = 2;
  std::optional<ActivationForm> activation;  // of kMappingLanes; none: its own, the tables
};

// What the activations of the lanes are computed by.
LaneNumerics NumericsOf(const PlannedShape& shape);

// The units that a mapping computes for so many: the cascade and the lanes fill whole vectors; the row-wise mappings do
// where a tile serves several rows, because row reuse needs a divisor.
int PlannedUnits(Mapping mapping, int hidden_size);

enum class TileRole { kInput, kState, kReset, kBias, kGate, kStream, kAggregator, kUpdate };
const char* NameOf(TileRole role);

struct RoleTiles {
  TileRole role;
  int tiles;
  int data_bytes;  // of the fullest of them, as the lint counts it
};

struct Usage {
  const char* resource;
  int number, limit;
  double Share() const { return static_cast<double>(number) / limit; }
};

struct Footprint {
  std::vector<RoleTiles> roles;
  int streams = 0;   // of words and of packets; a broadcast is one
  int cascades = 0;  // from a tile to the next
  int plios_in = 0, plios_out = 0;
  int columns = 0;  // that it stands in, at its narrowest
  int chain = 0;    // columns of the longest chain; 0: none

  int tiles() const;
  int data_bytes() const;  // of the fullest tile
};

// Accuracy: tiles, streams, cascades, PLIOs and bytes are those of the graph. Positive sizes up to 65536.
Footprint ComputeFootprint(const PlannedShape& shape);

// The device's resources in the order in which a layer runs out of them, fullest first.
std::vector<Usage> Usages(const Footprint& footprint);

// What keeps the layer off the array: the number, the limit and the way out; "" if nothing that can be said without the
// graph does (routes and program memory are the lint's).
std::string FootprintLimit(const PlannedShape& shape);

// How many copies of the layer the device holds, and what ends that.
struct Copies {
  int count;
  const char* limit;
};
Copies CountCopies(const Footprint& footprint);

}  // namespace hw
}  // namespace recurd

#endif  // RECURD_HW_MODEL_FOOTPRINT_H_
