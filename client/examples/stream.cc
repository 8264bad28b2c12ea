// Reads rows of numbers from stdin, steps a model through them, prints its outputs:   example_stream ADDRESS MODEL
#include <iostream>
#include <vector>

#include "recurd/client.h"

int main(int argc, char** argv) {
  const auto client = recurd::Client::Connect(argc > 1 ? argv[1] : "127.0.0.1:8001");
  if (!client.ok()) return std::cerr << client.status() << "\n", 1;
  auto session = client->Open(argc > 2 ? argv[2] : "digits");
  if (!session.ok()) return std::cerr << session.status() << "\n", 1;
  std::vector<float> row;
  for (float value; std::cin >> value;) {
    row.push_back(value);
    if (row.size() < session->opened().input_size()) continue;
    const auto outputs = session->Step(row);  // the server keeps the state from step to step
    if (!outputs.ok()) return std::cerr << outputs.status() << "\n", 1;
    for (const float output : *outputs) std::cout << output << " ";
    std::cout << std::endl;
    row.clear();
  }
  return session->Close().ok() ? 0 : 1;
}
