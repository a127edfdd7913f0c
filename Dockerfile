# exportqd, exportq-worker and exportq in one image, as a user of their own. Built in a Debian 12, run in another.
#
#   docker build -t exportq .
#   docker run --rm --network host exportq exportqd --demo
FROM debian:12-slim AS build
WORKDIR /src
COPY tools/install tools/install
RUN tools/install package
COPY . .
RUN tools/package

FROM debian:12-slim
COPY --from=build /src/build/exportq_*.deb /tmp/
RUN apt-get update \
    && apt-get install -y --no-install-recommends /tmp/exportq_*.deb ca-certificates \
    && rm -rf /var/lib/apt/lists/* /tmp/exportq_*.deb
USER exportq
ENV EXPORT_STATE_DIR=/var/lib/exportq
VOLUME /var/lib/exportq
EXPOSE 50051 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["exportq", "health"]
CMD ["exportqd"]
