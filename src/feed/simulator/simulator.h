// An exchange look-alike on a socket: Bybit's public WebSockets and REST on one port, fed by the
// generator or a capture, in real time or faster, with faults on request.
//
// Threads: one of its own for everything; start(), stop(), inject(), status() from anywhere.
// Invariants: every frame put on a connection is recorded once, whole; a connection that the
// simulator ends delivers what was completed before (no reset).
// Does not: private topics, order books, or orders.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "feed/endpoint.h"
#include "feed/simulator/fault_plan.h"
#include "feed/simulator/recorder.h"

namespace tradelake::feed {

struct SimulatorOptions {
  std::string listen_host = "127.0.0.1";
  std::uint16_t listen_port = 0;  // 0: any free one
  std::string tls_cert;           // PEM files; both or none
  std::string tls_key;

  std::string symbols = "linear:20,spot:10,inverse:3,option:2";  // as make_listing() takes it
  std::uint64_t seed = 1;
  double trades_per_second = 1000;  // 0: as fast as the clients read
  std::uint64_t frames = 0;         // of the generator; 0: endless

  std::string capture;  // instead of the generator
  double speed = 1;     // of the capture; 0: as fast as the clients read
  bool recorded_times = false;

  FaultPlan faults;
  std::vector<std::string> rejected_topics;  // besides the share that the plan rejects
  std::string record_path;
  std::function<void(const SentFrame&)> on_sent;  // from the simulator's thread

  // What has an end (a capture, a number of frames) waits for its first subscriber and then a
  // little for the others.
  std::chrono::milliseconds start_delay{500};
  // A socket without traffic in either direction is cut, as the real one is after 60.7 s.
  std::chrono::milliseconds idle_cut{60'700};
};

struct SimulatorStatus {
  std::uint64_t frames = 0;    // of the source, whether or not anybody wanted them: no klines
  std::uint64_t trades = 0;    // new good ones
  std::uint64_t sent = 0;      // frames completed on connections
  std::uint64_t accepted = 0;  // WebSockets, since the start
  std::size_t connections = 0;
  bool finished = false;  // a finite source has ended and is wholly sent
  std::string error;      // the source failed: nothing more will be sent
};

class Simulator {
 public:
  explicit Simulator(SimulatorOptions options);
  ~Simulator();  // stops
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  // Listens from when this returns. Once only.
  Result<> start();

  // Closes the connections with a close frame and completes the record. Idempotent.
  void stop();

  std::uint16_t port() const;
  Endpoint endpoint() const;  // to connect to: ws or wss is in its tls
  std::string url() const;    // "ws://127.0.0.1:PORT"
  SimulatorStatus status() const;

  // A fault of connections (close, drop, silence) now, on all that are open.
  void inject(Fault fault);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tradelake::feed
