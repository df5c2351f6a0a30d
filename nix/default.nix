# Everything that the flake gives for one system.
{ pkgs, crane, module, revision, tag, modified }:
let
  inherit (pkgs) lib;
  part = lib.substring;
  created = "${part 0 4 modified}-${part 4 2 modified}-${part 6 2 modified}"
    + "T${part 8 2 modified}:${part 10 2 modified}:${part 12 2 modified}Z";

  sources = import ./sources.nix { inherit lib; };
  rust = import ./rust.nix { inherit pkgs crane sources; };
  pdfium = pkgs.callPackage ./pdfium.nix { };
  site = import ./site.nix { inherit rust sources; };
  hyperion = import ./package.nix { inherit pkgs rust sources pdfium site; };
  images = import ./images.nix { inherit pkgs hyperion revision tag created; };

  serve = pkgs.writeShellApplication {
    name = "serve-hyperion";
    text = ''
      exec ${hyperion}/bin/hyperion serve --listen "''${ADDRESS:-127.0.0.1:8080}" --data-dir "''${DATA:-data}" "$@"
    '';
  };
in
{
  packages = {
    default = hyperion;
    inherit hyperion site;
    inherit (images) image backup-image;
  };

  apps.default = {
    type = "app";
    program = lib.getExe serve;
    meta.description = "Serve Hyperion on 127.0.0.1:8080 with data in ./data";
  };

  checks = import ./checks.nix { inherit pkgs rust sources pdfium site hyperion images module; };

  devShells = {
    default = import ./shell.nix { inherit pkgs rust; };
    delivery = import ./delivery.nix { inherit pkgs; };
  };

  formatter = pkgs.nixpkgs-fmt;
}
