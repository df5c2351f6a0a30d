# `nix develop .#delivery`: the programs with which the workflows publish and deploy, at the versions of flake.lock.
{ pkgs }:
pkgs.mkShellNoCC {
  packages = [
    pkgs.cosign
    pkgs.curl
    pkgs.grype
    pkgs.jq
    pkgs.kubectl
    pkgs.kubernetes-helm
    pkgs.skopeo
    pkgs.syft
    pkgs.yq-go
  ];
}
