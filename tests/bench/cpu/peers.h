#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/bench/cpu/peers/peer.h"

namespace recurd::bench {

// A library that may be here.
struct NamedPeer {
  std::string name;            // as bars name it: onednn, onnxruntime, pytorch
  std::string title;           // as tables do
  std::unique_ptr<Peer> peer;  // nullptr: absent
  std::string absence;         // why
};

// All three. Whoever is absent says why, and how to get it.
std::vector<NamedPeer> LoadPeers();
// None of them is looked for.
std::vector<NamedPeer> NoPeers();

}  // namespace recurd::bench
