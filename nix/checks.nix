# What `nix flake check` finds out: everything that needs neither network nor servers, which `make test` brings along.
{ pkgs, rust, sources, pdfium, site, hyperion, images, module }:
let
  inherit (pkgs) lib;
  check = name: command: extra: rust.build.mkCargoDerivation (rust.common // {
    pname = "hyperion-${name}";
    src = sources.checks;
    cargoArtifacts = rust.checks;
    doInstallCargoArtifacts = false;
    buildPhaseCargoCommand = command;
    installPhaseCommand = "touch $out";
  } // extra);
in
{
  inherit hyperion site;

  format = rust.build.cargoFmt (rust.common // { src = sources.checks; });

  clippy = check "clippy" ''
    cargo clippy --locked --workspace --exclude xtask --all-targets -- -D warnings
    cargo clippy --locked --package xtask --all-targets -- -D warnings
    cargo clippy ${rust.browser} -- -D warnings
  ''
    { };

  tests = check "tests" ''
    cargo nextest run --locked --package xtask
    cargo nextest run --locked --workspace --exclude xtask \
      -E 'kind(lib) | package(engine) | (binary(api) - test(language_model))'
  ''
    {
      nativeBuildInputs = [ pkgs.cargo-nextest ];
      HYPERION_PDFIUM = "${pdfium}/lib/libpdfium.so";
    };

  chart = pkgs.runCommand "hyperion-chart" { nativeBuildInputs = [ pkgs.kubernetes-helm ]; } ''
    HOME=$TMPDIR helm lint --strict ${sources.chart}
    touch $out
  '';

  no-shell = pkgs.runCommand "hyperion-images-without-shell" { } ''
    shells=$(xargs -I{} find {} '(' -name sh -o -name bash -o -name dash -o -name busybox ')' -path '*/bin/*' \
      < ${pkgs.closureInfo { rootPaths = images.contents; }}/store-paths)
    if [ -n "$shells" ]; then
      echo "the images must have no shell, and have $shells"
      exit 1
    fi
    touch $out
  '';
} // lib.optionalAttrs pkgs.stdenv.hostPlatform.isx86_64 {
  # Needs KVM, which the builders of other systems rarely have.
  vm = pkgs.testers.runNixOSTest (import ./vm-test.nix { inherit module; });
}
