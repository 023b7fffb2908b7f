// `tradelake simulate`: the exchange look-alike as a program, or a capture made without sockets.
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "core/event_log.h"
#include "core/time.h"
#include "feed/simulator/simulator.h"
#include "feed/simulator/write_capture.h"

namespace tradelake::cli {
namespace {

// A capture is the same in every run unless another time is asked for.
constexpr std::int64_t capture_start_ms = 1'785'542'400'000;  // 2026-08-01T00:00:00Z

struct Flags {
  std::string listen = "127.0.0.1:0";
  std::string rate = "1000";
  std::string speed = "1";
  std::string times = "now";
  std::string faults;
  std::string write_capture;
  std::int64_t start_ms = capture_start_ms;
  bool exit_when_done = false;
  feed::SimulatorOptions options;
};

// A positive number; "max" is 0, which means without waiting.
Result<double> parse_pace(std::string_view flag, std::string_view text) {
  if (text == "max") return 0.0;
  double value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec == std::errc{} && parsed.ptr == end && value > 0 && value <= 1e9) return value;
  return make_error(Errc::invalid_argument,
                    "{}: '{}' is not allowed; a number above 0 up to 1e9, or max", flag, text);
}

Result<> parse_listen(const std::string& text, feed::SimulatorOptions& options) {
  const auto colon = text.rfind(':');
  unsigned port = 65'536;
  if (colon != std::string::npos) {
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data() + colon + 1, end, port);
    if (parsed.ec != std::errc{} || parsed.ptr != end) port = 65'536;
  }
  if (port > 65'535 || colon == 0) {
    return make_error(Errc::invalid_argument,
                      "--listen: '{}' is not allowed; write ADDRESS:PORT, for example "
                      "127.0.0.1:8080, with port 0 for any free one",
                      text);
  }
  options.listen_host = text.substr(0, colon) == "localhost" ? "127.0.0.1" : text.substr(0, colon);
  options.listen_port = static_cast<std::uint16_t>(port);
  return {};
}

Result<> complete(Flags& flags) {
  TL_TRY(parse_listen(flags.listen, flags.options));
  TL_ASSIGN(flags.options.trades_per_second, parse_pace("--rate", flags.rate));
  TL_ASSIGN(flags.options.speed, parse_pace("--speed", flags.speed));
  TL_ASSIGN(flags.options.faults, feed::parse_faults(flags.faults));
  flags.options.recorded_times = flags.times == "recorded";
  return {};
}

int make_capture(const Flags& flags) {
  const auto& options = flags.options;
  if (options.frames == 0) {
    return report({Errc::invalid_argument, "--write-capture needs --frames N, how many to make"});
  }
  const double rate = options.trades_per_second == 0 ? 1e6 : options.trades_per_second;
  const auto begin = std::chrono::steady_clock::now();
  const auto written = feed::write_capture({flags.write_capture,
                                            options.symbols,
                                            {options.seed, flags.start_ms, rate},
                                            options.faults,
                                            options.frames});
  if (!written) return report(written.error());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  fmt::print("wrote {} frames, {} trades, {} bytes of frames in {:.2f} s to {}\n", written->frames,
             written->trades, written->bytes, took.count(), flags.write_capture);
  return Exit::done;
}

// Waits a second for SIGINT or SIGTERM, which all threads of the program have blocked.
bool asked_to_stop(const sigset_t& signals) {
  constexpr timespec second{1, 0};
  return sigtimedwait(&signals, nullptr, &second) > 0;
}

int serve(const Flags& flags) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  start_event_log("info");

  feed::Simulator simulator(flags.options);
  if (const auto started = simulator.start(); !started) return report(started.error());
  fmt::print("simulator listening on {}\n", simulator.url());
  std::fflush(stdout);

  const bool terminal = isatty(STDERR_FILENO) == 1;
  std::uint64_t last_sent = 0;
  for (;;) {
    const bool stop = asked_to_stop(signals);
    const auto status = simulator.status();
    if (terminal) {
      fmt::print(stderr, "\r{} connections, {} frames made, {} sent, {}/s   ", status.connections,
                 status.frames, status.sent, status.sent - last_sent);
    }
    last_sent = status.sent;
    if (!status.error.empty()) return report({Errc::io, status.error});
    if (stop || (flags.exit_when_done && status.finished)) break;
  }
  if (terminal) fmt::print(stderr, "\n");
  simulator.stop();
  return Exit::done;
}

}  // namespace

void add_simulate(CLI::App& root, Run& run) {
  auto* command = root.add_subcommand(
      "simulate", "A Bybit v5 look-alike (WebSocket and REST) from a generator or a capture");
  auto flags = std::make_shared<Flags>();
  auto& options = flags->options;
  command->add_option("--listen", flags->listen, "Address and port; port 0 takes any free one")
      ->capture_default_str();
  command
      ->add_option("--symbols", options.symbols,
                   "Names or numbers of symbols, as linear:BTCUSDT,spot:20; options by base coin")
      ->capture_default_str();
  command->add_option("--seed", options.seed, "The same seed makes the same trades")
      ->capture_default_str();
  command->add_option("--rate", flags->rate, "Trades per second over all symbols, or max")
      ->capture_default_str();
  command
      ->add_option("--frames", options.frames,
                   "Stop making trades after so many frames; 0 is never")
      ->capture_default_str();
  command->add_option("--capture", options.capture, "Send the frames of this capture instead")
      ->check(CLI::ExistingFile);
  command
      ->add_option("--speed", flags->speed, "Of the capture: 1 is real time, max without waiting")
      ->capture_default_str();
  command
      ->add_option("--times", flags->times, "Trade times of the capture: moved to now, or recorded")
      ->check(CLI::IsMember({"now", "recorded"}))
      ->capture_default_str();
  command->add_option("--faults", flags->faults,
                      "all, or some of: close drop silence reject repeat reorder late future "
                      "malformed utf8 large unknown missing keys duplicate_key numbers extreme; "
                      "each with =CHANCE or =PERIOD, as close=10s,repeat=0.01");
  command->add_option("--reject-topic", options.rejected_topics,
                      "A topic that cannot be subscribed; may be given several times");
  command->add_option("--record", options.record_path,
                      "File for what was sent: time, category, connection, 1 if completed, topic, "
                      "frame; tab-separated");
  command
      ->add_option("--tls-cert", options.tls_cert, "Certificate chain (PEM): serve wss and https")
      ->check(CLI::ExistingFile);
  command->add_option("--tls-key", options.tls_key, "Its private key (PEM)")
      ->check(CLI::ExistingFile);
  command->add_flag("--exit-when-done", flags->exit_when_done,
                    "End when a capture or --frames has been sent");
  command->add_option(
      "--write-capture", flags->write_capture,
      "Serve nothing: write --frames frames as a capture (zstd if it ends in .zst)");
  command
      ->add_option("--start-time", flags->start_ms,
                   "Of the written capture, milliseconds since the epoch")
      ->capture_default_str();
  command->callback([flags, &run] {
    run = [flags] {
      if (const auto good = complete(*flags); !good) return report(good.error());
      return flags->write_capture.empty() ? serve(*flags) : make_capture(*flags);
    };
  });
}

}  // namespace tradelake::cli
