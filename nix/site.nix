# The browser bundle, as `cargo xtask site --release` makes it.
{ rust, sources }:
rust.build.mkCargoDerivation (rust.common // {
  pname = "hyperion-site";
  src = sources.site;
  cargoArtifacts = rust.site;
  doInstallCargoArtifacts = false;
  buildPhaseCargoCommand = "cargo run --locked --package xtask -- site --release --out bundle";
  installPhaseCommand = "cp -r bundle $out";
})
