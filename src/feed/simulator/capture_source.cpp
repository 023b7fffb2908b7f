#include <charconv>
#include <cmath>
#include <optional>
#include <set>

#include <simdjson.h>

#include "bybit/control_frame.h"
#include "bybit/topic.h"
#include "feed/capture_lines.h"
#include "feed/simulator/frame_source.h"

namespace tradelake::feed {
namespace {

using Trades = std::vector<std::pair<std::string, BookTrade>>;

std::string text_of(const simdjson::dom::object& object, std::string_view key) {
  std::string_view value;
  return object[key].get_string().get(value) ? std::string() : std::string(value);
}

// The part of a frame that serving it needs. No topic: it cannot be routed to any subscriber.
struct Content {
  std::string topic;
  Trades trades;
};

Content read_content(simdjson::dom::parser& parser, std::string_view text) {
  Content content;
  simdjson::dom::object object;
  if (parser.parse(text.data(), text.size()).get_object().get(object)) return content;
  content.topic = text_of(object, "topic");
  simdjson::dom::array data;
  if (!content.topic.starts_with(bybit::trade_stream) || object["data"].get_array().get(data)) {
    return content;
  }
  for (const simdjson::dom::element item : data) {
    simdjson::dom::object trade;
    BookTrade kept;
    if (item.get_object().get(trade) || trade["T"].get_int64().get(kept.time_ms)) continue;
    kept.id = text_of(trade, "i");
    kept.price = text_of(trade, "p");
    kept.size = text_of(trade, "v");
    kept.buy = text_of(trade, "S") == "Buy";
    if (std::uint64_t seq = 0; !trade["seq"].get_uint64().get(seq)) kept.seq = seq;
    if (bool flag = false; !trade["BT"].get_bool().get(flag)) kept.block = flag;
    if (bool flag = false; !trade["RPI"].get_bool().get(flag)) kept.rpi = flag;
    content.trades.emplace_back(text_of(trade, "s"), std::move(kept));
  }
  return content;
}

struct CaptureLine {
  std::int64_t recv_ns = 0;
  bybit::Category category{};
  std::string_view text;  // valid until the next one is read
};

// Nothing at the end. Only the exchange's categories can be served.
Result<std::optional<CaptureLine>> next_line(CaptureLines& lines) {
  TL_ASSIGN(const auto line, lines.next());
  if (!line) return std::nullopt;
  const auto category = bybit::parse_category(line->category);
  if (!category) {
    return make_error(
        Errc::corrupt,
        "line {} of the capture has category '{}'; allowed are spot, linear, inverse, "
        "option",
        line->n, line->category);
  }
  return CaptureLine{line->recv_ns, *category, line->text};
}

class CaptureSource : public FrameSource {
 public:
  CaptureSource(CaptureSourceOptions options, CaptureLines reader)
      : options_(std::move(options)), reader_(std::move(reader)) {}

  // Reads the capture once, to know what it holds before anybody subscribes.
  Result<> look_through() {
    TL_ASSIGN(auto reader, CaptureLines::open(options_.path));
    std::set<std::pair<bybit::Category, std::string>> symbols;
    for (;;) {
      TL_ASSIGN(const auto line, next_line(reader));
      if (!line) break;
      if (!first_ns_) first_ns_ = line->recv_ns;
      const auto content = read_content(parser_, line->text);
      if (content.topic.empty() || left_out(content.topic)) continue;
      topics_.emplace(line->category, content.topic);
      for (const auto& [symbol, trade] : content.trades) symbols.emplace(line->category, symbol);
    }
    for (const auto& [category, symbol] : symbols) {
      instruments_.push_back(
          {category, symbol, std::string(bybit::base_coin_of(symbol)), "USDT", "0.01", "0.001"});
    }
    return {};
  }

  void begin(std::int64_t now_us) override { begin_us_ = now_us; }

  Result<bool> next(std::vector<ScheduledFrame>& out) override {
    TL_ASSIGN(const auto line, next_line(reader_));
    if (!line) return false;
    if (bybit::parse_control_frame(line->text)) return true;
    ScheduledFrame frame;
    frame.category = line->category;
    frame.text = options_.recorded_times ? std::string(line->text) : retimed(line->text);
    auto content = read_content(parser_, frame.text);
    frame.topic = content.topic.empty() ? last_topic_[line->category] : std::move(content.topic);
    last_topic_[line->category] = frame.topic;
    if (left_out(frame.topic)) return true;
    frame.fresh = std::move(content.trades);
    frame.due_us = options_.speed == 0 ? 0 : begin_us_ + scaled(line->recv_ns - *first_ns_) / 1000;
    out.push_back(std::move(frame));
    return true;
  }

  const std::vector<ListedInstrument>& instruments() const override { return instruments_; }

  bool has_topic(bybit::Category category, std::string_view topic) const override {
    return topics_.contains({category, std::string(topic)});
  }

 private:
  // A candle that is moved by anything but whole minutes is none of any minute.
  bool left_out(std::string_view topic) const {
    return !options_.recorded_times && bybit::parse_kline_topic(topic);
  }

  std::int64_t scaled(std::int64_t span) const {
    const double speed = options_.speed == 0 ? 1 : options_.speed;
    return static_cast<std::int64_t>(std::llround(static_cast<double>(span) / speed));
  }

  // T and ts of a trade frame moved, every other byte as it is.
  std::string retimed(std::string_view text) const {
    std::string moved;
    moved.reserve(text.size());
    std::size_t done = 0;
    for (std::size_t at = 0; (at = text.find("\"T\":", at)) != std::string_view::npos;) {
      at += 4;
      move_number(text, at, done, moved);
    }
    moved += text.substr(done);
    const auto ts = moved.find("\"ts\":");
    if (ts == std::string::npos) return moved;
    std::string whole;
    std::size_t copied = 0;
    move_number(moved, ts + 5, copied, whole);
    whole.append(moved, copied);
    return whole;
  }

  void move_number(std::string_view text, std::size_t at, std::size_t& done,
                   std::string& out) const {
    std::int64_t time_ms = 0;
    const auto parsed = std::from_chars(text.data() + at, text.data() + text.size(), time_ms);
    if (parsed.ec != std::errc{}) return;
    out += text.substr(done, at - done);
    out += std::to_string(begin_us_ / 1000 + scaled(time_ms - *first_ns_ / 1'000'000));
    done = static_cast<std::size_t>(parsed.ptr - text.data());
  }

  CaptureSourceOptions options_;
  CaptureLines reader_;
  simdjson::dom::parser parser_;
  std::optional<std::int64_t> first_ns_;
  std::int64_t begin_us_ = 0;
  std::vector<ListedInstrument> instruments_;
  std::set<std::pair<bybit::Category, std::string>> topics_;
  // A frame without a readable topic goes where the one before it went.
  std::map<bybit::Category, std::string> last_topic_;
};

}  // namespace

Result<std::unique_ptr<FrameSource>> make_capture_source(const CaptureSourceOptions& options) {
  TL_ASSIGN(auto reader, CaptureLines::open(options.path));
  auto source = std::make_unique<CaptureSource>(options, std::move(reader));
  TL_TRY(source->look_through());
  return source;
}

}  // namespace tradelake::feed
