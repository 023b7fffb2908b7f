# tradelake, built as everywhere else, in an image with what it needs to run and no more.
FROM debian:12.12-slim AS build
WORKDIR /src
# What is installed changes less often than what is compiled.
COPY scripts/bootstrap.sh scripts/requirements-build.txt scripts/
COPY web/package.json web/package-lock.json web/
RUN scripts/bootstrap.sh build
COPY . .
RUN cmake --preset release && cmake --build build/release --target tradelake \
 && mkdir /out && cp build/release/tradelake .venv/lib/python3*/site-packages/pyarrow/libarrow.so.*00 \
      .venv/lib/python3*/site-packages/pyarrow/libparquet.so.*00 /out/

FROM debian:12.12-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl libfmt9 libpq5 \
      libprometheus-cpp-core1.0 librdkafka1 libsimdjson14 libspdlog1.10 libsqlite3-0 libssl3 libtomlplusplus3 libxxhash0 \
      libzstd1 zlib1g \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin tradelake \
 && install -d -o tradelake -g tradelake /data
COPY --from=build /out/libarrow.so.* /out/libparquet.so.* /usr/local/lib/
COPY --from=build /out/tradelake /usr/local/bin/
# It starts: no library is missing.
RUN ldconfig && tradelake --version
USER 10001
WORKDIR /data
VOLUME /data
ENV TRADELAKE_DATA_DIR=/data
ENTRYPOINT ["tradelake"]
CMD ["run", "--listen", "0.0.0.0:8460"]
