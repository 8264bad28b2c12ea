// The only file that knows the vendor's library: XRT's native C++ API, 2.13 (Debian 12) and later. Exceptions end here.
#include <experimental/xrt_ip.h>
#include <xrt/xclbin.h>
#include <xrt/xrt_aie.h>
#include <xrt/xrt_bo.h>
#include <xrt/xrt_device.h>
#include <xrt/xrt_graph.h>
#include <xrt/xrt_kernel.h>

#include <cerrno>
#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hw/config/contract.h"
#include "server/base/status_macros.h"
#include "server/pipeline/xrt/device.h"

namespace recurd::board {
namespace {

namespace fs = std::filesystem;

// The names that hw/vitis gives them.
constexpr char kControl[] = "control";
constexpr char kFetch[] = "fetch";
constexpr char kStore[] = "store";
constexpr char kGraph[] = "gru";
constexpr char kAieXclbin[] = "aie_only.xclbin";
constexpr char kBuildId[] = "build_id";
constexpr size_t kBeatBytes = hw::kBeatWords * sizeof(uint32_t);

// Errors: NOT_FOUND, INVALID_ARGUMENT.
absl::Status CheckXclbin(const std::string& flag, const std::string& file) {
  constexpr absl::string_view kMagic = "xclbin2";
  if (file.empty()) {
    return absl::InvalidArgumentError("--pipeline=xrt needs --xclbin=FILE: the design, as hw/vitis links it");
  }
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return absl::NotFoundError(absl::StrCat(flag, ": can't be read; give an xclbin of hw/vitis"));
  axlf head = {};
  stream.read(reinterpret_cast<char*>(&head), sizeof(head));
  if (absl::string_view(head.m_magic, kMagic.size()) != kMagic) {
    return absl::InvalidArgumentError(absl::StrCat(flag, ": is no xclbin; give one of hw/vitis"));
  }
  // XRT's own parser trusts the lengths.
  const uint64_t size = fs::file_size(file);
  if (stream && head.m_header.m_length <= size) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      flag, ": is cut off: ", size, " bytes, and ",
      stream ? absl::StrCat("says of itself that it has ", head.m_header.m_length) : "not even its head is whole",
      "; copy it again"));
}

// What a library call throws as a Status that says what was being done.
template <typename F>
absl::Status Try(absl::string_view doing, F call) {
  try {
    call();
    return absl::OkStatus();
  } catch (const std::exception& error) {
    return absl::UnavailableError(absl::StrCat(doing, ": ", error.what()));
  }
}

// Kernels and IPs are found by device and uuid; newer libraries want a hw_context, and call this deprecated.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
template <typename T, typename... Args>
T Construct(const xrt::device& device, const xrt::uuid& uuid, const Args&... args) {
  return T(device, uuid, args...);
}
xrt::uuid Load(xrt::device& device, const std::string& file) { return device.load_xclbin(file); }
#pragma GCC diagnostic pop

// XRT 2.19 made update(name, bytes, size) public; before, its C++ takes objects of a type's size only, its C any size.
template <typename Graph>
concept UpdatesBytes = requires(Graph graph, const void* value, size_t bytes) {
  graph.update("", value, bytes);
};

template <typename Graph, bool kUpdatesBytes = UpdatesBytes<Graph>>
class GraphHandle {
 public:
  GraphHandle(const xrt::device& device, const xrt::uuid& uuid) : graph_(Construct<Graph>(device, uuid, kGraph)) {}
  void Run() { graph_.run(-1); }
  void Update(const std::string& port, const void* value, size_t bytes) { graph_.update(port, value, bytes); }

 private:
  Graph graph_;
};

template <typename Graph>
class GraphHandle<Graph, false> {
 public:
  GraphHandle(const xrt::device& device, const xrt::uuid& uuid)
      : device_(xrtDeviceOpenFromXcl(device)), graph_(xrtGraphOpen(device_, uuid.get(), kGraph)) {
    if (graph_ == nullptr) Throw(errno, "it can't be opened");
  }
  ~GraphHandle() {
    if (graph_ != nullptr) xrtGraphClose(graph_);
    xrtDeviceClose(device_);
  }
  GraphHandle(const GraphHandle&) = delete;
  void Run() { Check(xrtGraphRun(graph_, -1), "it can't be started"); }
  void Update(const std::string& port, const void* value, size_t bytes) {
    Check(xrtGraphUpdateRTP(graph_, port.c_str(), static_cast<const char*>(value), bytes), port);
  }

 private:
  [[noreturn]] static void Throw(int error, const std::string& what) {
    throw std::system_error(error, std::generic_category(), what);
  }
  static void Check(int result, const std::string& what) {
    if (result != 0) Throw(errno, what);
  }

  const xrtDeviceHandle device_;
  const xrtGraphHandle graph_;
};

class BoardBuffer final : public Buffer {
 public:
  BoardBuffer(const xrt::device& device, size_t bytes, xrt::bo::flags flags, xrt::memory_group group)
      : bo_(device, bytes, flags, group), words_(bo_.map<uint32_t*>()), bytes_(bytes) {}

  uint32_t* words() override { return words_; }
  size_t bytes() const override { return bytes_; }
  const xrt::bo& bo() const { return bo_; }

 private:
  xrt::bo bo_;
  uint32_t* const words_;
  const size_t bytes_;
};

class XrtDevice final : public Device {
 public:
  XrtDevice(const DeviceOptions& options, xrt::device device) : options_(options), device_(std::move(device)) {}

  absl::Status Open() {
    RECURD_RETURN_IF_ERROR(LoadFile("xclbin", options_.xclbin));
    return OpenParts();
  }

  bool Read(uint32_t offset, uint32_t* value) override {
    try {
      *value = parts_->control.read_register(offset);
      return true;
    } catch (const std::exception&) {
      return false;
    }
  }
  bool Write(uint32_t offset, uint32_t value) override {
    try {
      parts_->control.write_register(offset, value);
      return true;
    } catch (const std::exception&) {
      return false;
    }
  }
  const Barrier& barrier() const override { return *barrier_; }

  std::string name() const override {
    try {
      return device_.get_info<xrt::info::device::name>();
    } catch (const std::exception&) {
      return "a board without a name";
    }
  }

  // The driver loads an xclbin of the array alone even if it is the last one again, but one with the PL only after one
  // with another uuid, and none while a kernel is open. So: close, load the array's, load the whole, open.
  absl::Status ReloadArray() override {
    RECURD_ASSIGN_OR_RETURN(const std::string file, AieXclbin());
    parts_.reset();
    RECURD_RETURN_IF_ERROR(LoadFile("aie_xclbin", file));
    return Open();
  }

  absl::Status RunGraph() override {
    return Try("the graph gru", [this] { parts_->graph.Run(); });
  }

  absl::Status UpdateParameter(const std::string& port, const void* value, size_t bytes) override {
    return Try(absl::StrCat("parameter ", port, " of ", bytes, " bytes"),
               [&] { parts_->graph.Update(port, value, bytes); });
  }

  absl::StatusOr<std::unique_ptr<Buffer>> Allocate(size_t bytes, Caching caching) override {
    std::unique_ptr<Buffer> buffer;
    const auto flags = caching == Caching::kCacheable ? xrt::bo::flags::cacheable : xrt::bo::flags::normal;
    RECURD_RETURN_IF_ERROR(Try(absl::StrCat("a buffer of ", bytes, " bytes"), [&] {
      buffer = std::make_unique<BoardBuffer>(device_, bytes, flags, parts_->fetch.group_id(kRingArgument));
    }));
    return buffer;
  }

  std::optional<uint32_t> expected_build_id() const override {
    std::ifstream file(fs::path(options_.xclbin).parent_path() / kBuildId);
    uint32_t id = 0;
    return file >> std::hex >> id ? std::optional<uint32_t>(id) : std::nullopt;
  }

  absl::Status StartMovers(Buffer& input, Buffer& result) override {
    return Try("the kernels fetch and store", [&] {
      parts_->runs[0] = Start(parts_->fetch, input);
      parts_->runs[1] = Start(parts_->store, result);
    });
  }

 private:
  // Of hw/pl's movers.
  static constexpr int kRingArgument = 0, kBeatsArgument = 1;

  // What is open of an xclbin; nothing may be while another is loaded.
  struct Parts {
    Parts(const xrt::device& device, const xrt::uuid& uuid)
        : control(Construct<xrt::ip>(device, uuid, kControl)),
          fetch(Construct<xrt::kernel>(device, uuid, kFetch)),
          store(Construct<xrt::kernel>(device, uuid, kStore)),
          graph(device, uuid) {}

    xrt::ip control;
    xrt::kernel fetch, store;
    GraphHandle<xrt::graph> graph;
    xrt::run runs[2];
  };

  absl::Status LoadFile(const char* flag, const std::string& file) {
    const std::string text = absl::StrCat("--", flag, "=", file);
    RECURD_RETURN_IF_ERROR(CheckXclbin(text, file));
    return Try(text, [&] { uuid_ = Load(device_, file); });
  }

  absl::Status OpenParts() {
    absl::Status status = Try(absl::StrCat("--xclbin=", options_.xclbin), [this] { parts_.emplace(device_, uuid_); });
    if (status.ok()) return status;
    return absl::UnavailableError(
        absl::StrCat(std::string(status.message()), "; it needs the parts that hw/vitis gives it: ", kControl, ", ",
                     kFetch, ", ", kStore, " and the graph ", kGraph, ", and no other process may have them open"));
  }

  absl::StatusOr<std::string> AieXclbin() const {
    if (!options_.aie_xclbin.empty()) return options_.aie_xclbin;
    const fs::path beside = fs::path(options_.xclbin).parent_path() / kAieXclbin;
    std::error_code error;
    if (fs::exists(beside, error)) return beside.string();
    return absl::NotFoundError(absl::StrCat("the array was left running and has to be loaded anew, but there is no ",
                                            beside.string(),
                                            ": give one with --aie_xclbin (hw/vitis makes it), or "
                                            "switch the board off and on"));
  }

  static xrt::run Start(const xrt::kernel& kernel, Buffer& buffer) {
    xrt::run run(kernel);
    run.set_arg(kRingArgument, static_cast<BoardBuffer&>(buffer).bo());
    run.set_arg(kBeatsArgument, static_cast<uint32_t>(buffer.bytes() / kBeatBytes));
    run.start();
    return run;
  }

  const DeviceOptions options_;
  xrt::device device_;
  xrt::uuid uuid_;
  std::optional<Parts> parts_;
  const std::unique_ptr<Barrier> barrier_ = MakeBarrier();
};

}  // namespace

absl::StatusOr<std::unique_ptr<Device>> OpenDevice(const DeviceOptions& options) {
  RECURD_RETURN_IF_ERROR(CheckXclbin(absl::StrCat("--xclbin=", options.xclbin), options.xclbin));
  xrt::device device;
  const absl::Status status = Try(absl::StrCat("--device=", options.index),
                                  [&] { device = xrt::device(static_cast<unsigned>(options.index)); });
  if (!status.ok()) {
    return absl::UnavailableError(absl::StrCat(std::string(status.message()), ": ", NoBoardHint()));
  }
  auto opened = std::make_unique<XrtDevice>(options, std::move(device));
  RECURD_RETURN_IF_ERROR(opened->Open());
  return opened;
}

}  // namespace recurd::board
