# `nix develop`: everything that `make` wants, so that scripts/setup.sh has nothing of the system to install.
{ pkgs, rust }:
let
  # What the Python packages of the tests' servers link to.
  libraries = pkgs.lib.makeLibraryPath [ pkgs.stdenv.cc.cc.lib pkgs.zlib ];
in
pkgs.mkShell {
  packages = [
    rust.toolchain
    pkgs.age
    pkgs.cargo-deny
    pkgs.cargo-nextest
    pkgs.chromium
    pkgs.curl
    pkgs.deadnix
    pkgs.git
    pkgs.gnumake
    pkgs.kubernetes-helm
    pkgs.nginx
    pkgs.nix
    pkgs.nixpkgs-fmt
    pkgs.nodejs
    pkgs.openssl
    pkgs.postgresql_18
    pkgs.postgresql_18.pg_config
    pkgs.prometheus
    pkgs.prometheus.cli
    (pkgs.python3.withPackages (python: [ python.pip ]))
    pkgs.redis
    pkgs.runc
    pkgs.skopeo
    pkgs.umoci
  ];

  PROTOC = "${pkgs.protobuf}/bin/protoc";
  CHROMIUM = pkgs.lib.getExe pkgs.chromium;
  # Tells scripts/setup.sh that the programs above are at the versions of flake.lock.
  HYPERION_DEV_SHELL = "1";

  shellHook = ''
    export LD_LIBRARY_PATH=${libraries}''${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  '';
}
