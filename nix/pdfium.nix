# The PDF library: the one of scripts/pdfium.sh, with which `scripts/nix.sh check` compares this.
{ lib, stdenv, fetchPypi, autoPatchelfHook, unzip }:
let
  version = "5.15.2";
  wheel = {
    x86_64-linux = {
      platform = "manylinux_2_17_x86_64.manylinux2014_x86_64";
      hash = "sha256-3DGupbD7n+/JtTemX0ETmAssQHmERXNqfmVlvIUWHjc=";
      library = "c76dc0f7839644bfa7c3e3107a6068df714e339c861bb7d4519907b821d427f9";
    };
    aarch64-linux = {
      platform = "manylinux_2_17_aarch64.manylinux2014_aarch64";
      hash = "sha256-3UbpPAw6c/bOqEibr/bXel0HWd1T+7zgrrSckYMBdvw=";
      library = "4378615ad9710397c96c112611be9018629bbfe38805d91a2663a534b99c28ca";
    };
  }.${stdenv.hostPlatform.system};
in
stdenv.mkDerivation {
  pname = "pdfium";
  inherit version;

  src = fetchPypi {
    pname = "pypdfium2";
    inherit version;
    format = "wheel";
    dist = "py3";
    python = "py3";
    inherit (wheel) platform hash;
  };

  nativeBuildInputs = [ autoPatchelfHook unzip ];
  buildInputs = [ stdenv.cc.cc.lib ];
  dontStrip = true;

  unpackPhase = "unzip -q $src";

  installPhase = ''
    echo "${wheel.library}  pypdfium2_raw/libpdfium.so" | sha256sum --check
    install -D -m 444 pypdfium2_raw/libpdfium.so $out/lib/libpdfium.so
    mkdir -p $out/share
    cp -r pypdfium2-${version}.dist-info/licenses $out/share/licences
  '';

  meta = {
    description = "Library that reads PDF files";
    license = lib.licenses.bsd3;
    platforms = [ "x86_64-linux" "aarch64-linux" ];
  };
}
