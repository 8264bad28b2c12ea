// What a step costs over KServe's protocol, beside the native one.
#include "tests/bench/rpc/blocks.h"
#include "tests/bench/rpc/links.h"
#include "tests/bench/rpc/part.h"
#include "tests/bench/rpc/report.h"

namespace recurd::bench {
namespace {

template <typename Native, typename Kserve>
void Compare(const Options& options, const char* native_name, const char* kserve_name) {
  const Daemon daemon({}, kCpu);
  Native native(daemon.address());
  Kserve kserve(daemon.address());
  Progress(kserve_name);
  const Pairs pairs = Alternate(
      options.pairs, [&] { return Measure(daemon, kMessages, [&] { native.RoundTrip(); }); },
      [&] { return Measure(daemon, kMessages, [&] { kserve.RoundTrip(); }); });
  PrintRoundTrips(native_name, pairs.floor);
  PrintRoundTrips(kserve_name, pairs.ours);
  PrintRatio("KServe over native, p50", pairs, &Block::p50_us);
  PrintRatio("KServe over native, cpu", pairs, &Block::cpu_us);
}

}  // namespace

bool MeasureKserve(const Options& options) {
  PrintRoundTripHead("KServe beside the native API, one step a message");
  Compare<NativeLink, KserveLink>(options, "native Stream", "KServe ModelStreamInfer");
  Compare<InferLink, ModelInferLink>(options, "native Infer", "KServe ModelInfer");
  return true;
}

}  // namespace recurd::bench
