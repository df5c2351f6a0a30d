# The pinned toolchain, and the compiled dependencies that derivations share.
{ pkgs, crane, sources }:
let
  toolchain = pkgs.rust-bin.fromRustupToolchainFile ../rust-toolchain.toml;
  build = (crane.mkLib pkgs).overrideToolchain toolchain;
  common = {
    pname = "hyperion";
    version = (fromTOML (builtins.readFile ../Cargo.toml)).workspace.package.version;
    src = sources.rust;
    strictDeps = true;
    PROTOC = "${pkgs.protobuf}/bin/protoc";
  };
  browser = "--locked --package app --lib --features hydrate --target wasm32-unknown-unknown";
  dependencies = name: commands: build.buildDepsOnly (common // {
    pname = "hyperion-${name}";
    buildPhaseCargoCommand = commands;
    doCheck = false;
  });
in
{
  inherit build common browser toolchain;

  server = dependencies "server" "cargo build --locked --release --package server";

  # The xtask makes the bundle of what is compiled for the browser.
  site = dependencies "site" ''
    cargo build --locked --package xtask
    cargo build ${browser} --profile wasm-release
  '';

  # Apart from the xtask, as `make` does it: together they would ask for other features of the same libraries.
  checks = dependencies "checks" ''
    cargo clippy --locked --workspace --exclude xtask --all-targets
    cargo test --locked --workspace --exclude xtask --no-run
    cargo clippy --locked --package xtask --all-targets
    cargo test --locked --package xtask --no-run
    cargo clippy ${browser}
  '';
}
