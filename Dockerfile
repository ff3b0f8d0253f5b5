# syntax=docker/dockerfile:1

# At least the rust-version of Cargo.toml.
ARG RUST=1.95.0

FROM rust:${RUST}-bookworm AS build
ARG RUST
# Else rustup would fetch what rust-toolchain.toml names, which is the newest.
ENV RUSTUP_TOOLCHAIN=${RUST}
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release --package chargebook \
    && mkdir -p /out/data \
    && cp target/release/chargebook /out/

# glibc, libgcc and nothing else that runs. The roots of TLS and the time zones are in the binary.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/chargebook /usr/local/bin/chargebook
# Belongs to the user below, and so does a volume that is mounted there.
COPY --from=build --chown=65532:65532 /out/data /data
ENV CHARGEBOOK_DATA_DIR=/data \
    CHARGEBOOK_HTTP__LISTEN=0.0.0.0:8080
WORKDIR /data
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s CMD ["/usr/local/bin/chargebook", "health"]
ENTRYPOINT ["/usr/local/bin/chargebook"]
CMD ["serve"]
