# recurd with the native pipeline and the shipped models. From the repository's root:
#   docker build -t recurd .          or, without a registry, deploy/container.sh
#   docker run --rm -p 8001:8001 -p 8002:8002 recurd
# Other models: -v DIR:/models:ro, laid out as deploy/models is. Other flags: after the image's name; they override
# deploy/recurd.flags.
FROM debian:bookworm-slim AS build
WORKDIR /src
COPY deploy/install-deps.sh deploy/
RUN deploy/install-deps.sh build
COPY CMakeLists.txt CMakePresets.json LICENSE ./
COPY proto proto
COPY hw hw
COPY server server
COPY client client
COPY deploy/packaging deploy/packaging
RUN cmake --workflow --preset release && strip build/release/bin/recurd build/release/bin/recurctl

FROM debian:bookworm-slim
COPY deploy/install-deps.sh /tmp/
RUN /tmp/install-deps.sh runtime && apt-get clean && rm -rf /tmp/install-deps.sh /var/lib/apt/lists/*
COPY --from=build /src/build/release/bin/recurd /src/build/release/bin/recurctl /usr/local/bin/
COPY deploy/models /models
COPY deploy/recurd.flags /etc/recurd.flags
USER 65532:65532
EXPOSE 8001 8002
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["recurctl", "health", "--server=127.0.0.1:8001"]
ENTRYPOINT ["recurd", "--flagfile=/etc/recurd.flags"]
