{
  description = "Hyperion: ask questions of your own documents, and read answers with citations";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
    crane.url = "github:ipetkov/crane";
    rust-overlay = {
      url = "github:oxalica/rust-overlay";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs = { self, nixpkgs, crane, rust-overlay }:
    let
      inherit (nixpkgs) lib;
      outputs = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (system: import ./nix {
        inherit crane;
        pkgs = import nixpkgs {
          inherit system;
          overlays = [ rust-overlay.overlays.default ];
        };
        module = self.nixosModules.default;
        revision = self.rev or self.dirtyRev or "unknown";
        tag = self.shortRev or "dev";
        modified = self.lastModifiedDate;
      });
      each = part: lib.mapAttrs (_: of: of.${part}) outputs;
    in
    {
      packages = each "packages";
      apps = each "apps";
      checks = each "checks";
      devShells = each "devShells";
      formatter = each "formatter";

      nixosModules.default = { lib, pkgs, ... }: {
        imports = [ ./nix/module.nix ];
        services.hyperion.package = lib.mkDefault self.packages.${pkgs.stdenv.hostPlatform.system}.hyperion;
      };
    };
}
