#include "iceberg/s3_input_file.h"

#include <algorithm>

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include "iceberg/arrow_error.h"
#include "iceberg/s3_error.h"

namespace tradelake::iceberg {
namespace {

class WholeRanges final : public arrow::io::RandomAccessFile {
 public:
  WholeRanges(std::shared_ptr<arrow::io::RandomAccessFile> file, std::int64_t size_bytes,
              std::function<arrow::Status()> look, std::string doing, std::string server)
      : file_(std::move(file)),
        look_(std::move(look)),
        size_bytes_(size_bytes),
        doing_(std::move(doing)),
        server_(std::move(server)) {}

  arrow::Result<std::int64_t> ReadAt(std::int64_t position, std::int64_t count,
                                     void* out) override {
    count = std::clamp<std::int64_t>(size_bytes_ - position, 0, count);
    if (count == 0) return 0;
    // Arrow counts the buffer's bytes, not those that came. An answer that was too short has left
    // the last one as it was; where it merely happens to be the same, the second reading tells.
    char& last = static_cast<char*>(out)[count - 1];
    arrow::Result<std::int64_t> got = 0;
    for (const char untouched : {'\x5a', '\xa5'}) {
      last = untouched;
      got = file_->ReadAt(position, count, out);
      if (got.ok() && *got == count && last != untouched) return count;
      if (!got.ok() && !is_damage(got.status())) return to_status(reason(got.status()));
    }
    return to_status(damage(position, count, got.status()));
  }

  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t position,
                                                       std::int64_t count) override {
    count = std::clamp<std::int64_t>(size_bytes_ - position, 0, count);
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(count));
    ARROW_RETURN_NOT_OK(ReadAt(position, count, buffer->mutable_data()));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

  arrow::Result<std::int64_t> Read(std::int64_t count, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const auto got, ReadAt(position_, count, out));
    position_ += got;
    return got;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t count) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, count));
    position_ += buffer->size();
    return buffer;
  }

  arrow::Result<std::int64_t> GetSize() override { return size_bytes_; }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Status Seek(std::int64_t position) override {
    position_ = position;
    return arrow::Status::OK();
  }
  arrow::Status Close() override { return file_->Close(); }
  bool closed() const override { return file_->closed(); }

 private:
  static bool is_damage(const arrow::Status& status) {
    return status.message().contains("checksums mismatch");
  }

  // Arrow has the answer written into the reader's buffer; if that is smaller than the server's
  // explanation of an error, all that is left of it is this text.
  Error reason(const arrow::Status& status) const {
    if (!status.message().contains("Failed to flush response stream"))
      return to_s3_error(status, doing_, server_);
    const auto looked = look_();
    return to_s3_error(looked.ok() ? status : looked, doing_, server_);
  }

  Error damage(std::int64_t position, std::int64_t count, const arrow::Status& status) const {
    return {Errc::corrupt, status.ok()
                               ? fmt::format("{}: {}: fewer than {} bytes are stored at {}", doing_,
                                             server_, count, position)
                               : fmt::format("{}: {}: {}", doing_, server_, status.message())};
  }

  std::shared_ptr<arrow::io::RandomAccessFile> file_;
  std::function<arrow::Status()> look_;
  std::int64_t size_bytes_;
  std::int64_t position_ = 0;
  std::string doing_, server_;
};

}  // namespace

Result<std::shared_ptr<arrow::io::RandomAccessFile>> whole_ranges(
    std::shared_ptr<arrow::io::RandomAccessFile> file, std::function<arrow::Status()> look,
    std::string doing, std::string server) {
  const auto size = file->GetSize();
  if (!size.ok()) return std::unexpected(to_s3_error(size.status(), doing, server));
  return std::make_shared<WholeRanges>(std::move(file), *size, std::move(look), std::move(doing),
                                       std::move(server));
}

}  // namespace tradelake::iceberg
