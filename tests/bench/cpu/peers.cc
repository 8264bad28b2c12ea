#include "tests/bench/cpu/peers.h"

#include <dlfcn.h>
#include <glob.h>

#include <exception>
#include <stdexcept>

namespace recurd::bench {
namespace {

#if defined(__aarch64__)
#define RECURD_NPM_PLATFORM "linux/arm64"
#else
#define RECURD_NPM_PLATFORM "linux/x64"
#endif
constexpr char kOnnxRuntime[] =
    RECURD_BINARY_DIR "/npm/node_modules/onnxruntime-node/bin/napi-v*/" RECURD_NPM_PLATFORM "/libonnxruntime.so.1";

constexpr struct {
  const char* name;
  const char* title;
  const char* library;  // a file name pattern; "": the module is linked to it
  const char* way_out;
} kPeers[] = {{"onednn", "oneDNN", "", "deploy/install-deps.sh bench"},
              {"onnxruntime", "ONNX Runtime", kOnnxRuntime, "npm install onnxruntime-node in BUILD/npm"},
              {"pytorch", "PyTorch", "", "deploy/install-deps.sh bench"}};

std::string Find(const std::string& pattern) {
  if (pattern.empty()) return "";
  glob_t found = {};
  const bool any = glob(pattern.c_str(), 0, nullptr, &found) == 0;
  const std::string path = any ? found.gl_pathv[found.gl_pathc - 1] : "";
  globfree(&found);
  if (!any) throw std::runtime_error("there is no " + pattern);
  return path;
}

std::unique_ptr<Peer> Load(const std::string& name, const std::string& pattern) {
  const std::string library = Find(pattern);
  const std::string module = RECURD_BINARY_DIR "/tests/bench_peers/peer_" + name + ".so";
  void* handle = dlopen(module.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw std::runtime_error(dlerror());
  const auto make = reinterpret_cast<MakePeer*>(dlsym(handle, kMakePeer));
  if (make == nullptr) throw std::runtime_error(module + " has no " + kMakePeer);
  return std::unique_ptr<Peer>(make(library.c_str()));
}

}  // namespace

std::vector<NamedPeer> NoPeers() {
  std::vector<NamedPeer> peers;
  for (const auto& known : kPeers) peers.push_back({known.name, known.title, nullptr, "not asked for"});
  return peers;
}

std::vector<NamedPeer> LoadPeers() {
  std::vector<NamedPeer> peers = NoPeers();
  for (size_t i = 0; i < peers.size(); ++i) {
    try {
      peers[i].peer = Load(peers[i].name, kPeers[i].library);
    } catch (const std::exception& error) {
      peers[i].absence = std::string(error.what()) + "; to have it: " + kPeers[i].way_out + ", then build again";
    }
  }
  return peers;
}

}  // namespace recurd::bench
