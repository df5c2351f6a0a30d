# The files that each derivation is made from, so that a change elsewhere builds nothing anew.
{ lib }:
let
  inherit (lib) fileset;
  tree = paths: fileset.toSource {
    root = ../.;
    fileset = fileset.unions paths;
  };
  workspace = [
    ../.cargo
    ../Cargo.lock
    ../Cargo.toml
    ../app
    ../bench
    ../crates
    ../server
    ../xtask
  ];
in
{
  rust = tree workspace;
  site = tree (workspace ++ [ ../style ]);
  checks = tree (workspace ++ [
    ../.config
    ../clippy.toml
    ../models
    ../rustfmt.toml
  ]);
  models = fileset.toSource {
    root = ../models;
    fileset = fileset.unions [ ../models/README.md ../models/all-MiniLM-L6-v2 ];
  };
  chart = fileset.toSource {
    root = ../helm/hyperion;
    fileset = ../helm/hyperion;
  };
}
