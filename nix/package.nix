# Hyperion whole, laid out as `cargo xtask dist --release` does it: the program finds the rest beside itself.
{ pkgs, rust, sources, pdfium, site }:
let
  server = rust.build.buildPackage (rust.common // {
    pname = "hyperion-server";
    cargoArtifacts = rust.server;
    cargoExtraArgs = "--locked --package server";
    doCheck = false;
  });
in
pkgs.runCommand "hyperion-${rust.common.version}"
{
  inherit (rust.common) pname version;
  passthru = { inherit server; };
  meta = {
    description = "Answers questions from your own documents, with citations";
    license = pkgs.lib.licenses.asl20;
    mainProgram = "hyperion";
    platforms = [ "x86_64-linux" "aarch64-linux" ];
  };
} ''
  folder=$out/lib/hyperion
  mkdir -p $out/bin $folder/licences
  # A copy: of a link, the program would see the folder it leads to.
  cp ${server}/bin/hyperion $folder/hyperion
  ln -s ${site} $folder/site
  ln -s ${sources.models} $folder/models
  ln -s ${pdfium}/lib/libpdfium.so $folder/libpdfium.so
  ln -s ${pdfium}/share/licences $folder/licences/pdfium
  ln -s ../lib/hyperion/hyperion $out/bin/hyperion
''
