// A program of somebody else's that uses the installed library: eight rows through a session, a step each.
#include <recurd/client.h>

#include <iostream>
#include <vector>

int main(int argc, char** argv) {
  const auto client = recurd::Client::Connect(argc > 1 ? argv[1] : "127.0.0.1:8001");
  if (!client.ok()) return std::cerr << client.status() << "\n", 1;
  auto session = client->Open("digits");
  if (!session.ok()) return std::cerr << session.status() << "\n", 1;
  for (int step = 0; step < 8; ++step) {
    const auto outputs = session->Step(std::vector<float>(session->opened().input_size(), 1.0F * step));
    if (!outputs.ok()) return std::cerr << outputs.status() << "\n", 1;
    std::cout << "step " << step << ": " << outputs->size() << " outputs\n";
  }
  return session->Close().ok() ? 0 : 1;
}
