# Rondo, one image for servers and clients:  docker build -t rondo .
# No feature of BuildKit is used, so that the classic builder builds it too.

FROM swift:6.3-bookworm AS build
# What changes seldom comes first, and is not done again when a source file changes.
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libavcodec-dev libavformat-dev libebur128-dev libsqlite3-dev libssl-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift ./
COPY Benchmarks Benchmarks
COPY Tests Tests
COPY Sources Sources
RUN swift build -c release --static-swift-stdlib --product rondo \
    && swift build -c release --static-swift-stdlib --product rondo-media \
    && mkdir /out \
    && strip -o /out/rondo .build/release/rondo \
    && strip -o /out/rondo-media .build/release/rondo-media

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends libavcodec59 libavformat59 libebur128-1 libsqlite3-0 libssl3 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 7700 rondo \
    && useradd --uid 7700 --gid rondo --create-home --shell /usr/sbin/nologin rondo \
    && install -d -o rondo -g rondo -m 700 /var/lib/rondo
# rondo-media lies beside rondo: it reads uploads, in a process without rights.
COPY --from=build /out/rondo /out/rondo-media /usr/local/bin/
USER rondo
# What outlives a container. A volume that Docker makes for it belongs to the user above.
VOLUME /var/lib/rondo
# The page and the API; servers among each other; a registry's names; discovery by broadcast.
EXPOSE 8080 7700 7700/udp 5300 5300/udp 2222/udp
# Asks /readyz of the server in this container, wherever it listens; one that runs no server is well.
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s CMD ["rondo", "ready"]
ENTRYPOINT ["rondo"]
CMD ["--help"]
