// As stream.cc, with a session that survives its server:   example_durable ADDRESS[,ADDRESS...] MODEL
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "recurd/durable_session.h"

int main(int argc, char** argv) {
  std::vector<std::string> servers;
  std::istringstream list(argc > 1 ? argv[1] : "127.0.0.1:8001,127.0.0.1:8101");
  for (std::string server; std::getline(list, server, ',');) servers.push_back(server);
  auto session = recurd::DurableSession::Open(servers, argc > 2 ? argv[2] : "digits");
  if (!session.ok()) return std::cerr << session.status() << "\n", 1;
  std::vector<float> row(session->opened().input_size());
  while (true) {
    for (float& value : row) std::cin >> value;
    if (!std::cin) break;
    const auto outputs = session->Step(row);  // each step's outputs once, whatever happens to the servers
    if (!outputs.ok()) return std::cerr << outputs.status() << "\n", 1;
    for (const float output : *outputs) std::cout << output << " ";
    std::cout << std::endl;
  }
  return session->Close().ok() ? 0 : 1;
}
