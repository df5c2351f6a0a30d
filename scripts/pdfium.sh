#!/bin/sh
# Puts the PDF library (pdfium, BSD-3-Clause) at target/pdfium/libpdfium.so, with its licences beside it.
# It comes from the pinned Python wheel pypdfium2, checked against the sums below. Running it again changes nothing.
set -eu

version=5.15.2
# One line per wheel: architecture, sum of the library in it, platform tag.
known="
x86_64 c76dc0f7839644bfa7c3e3107a6068df714e339c861bb7d4519907b821d427f9 manylinux_2_17_x86_64
aarch64 4378615ad9710397c96c112611be9018629bbfe38805d91a2663a534b99c28ca manylinux_2_17_aarch64
"

cd "$(dirname "$0")/.."
folder=${CARGO_TARGET_DIR:-target}/pdfium
library=$folder/libpdfium.so
architecture=$(uname -m)
sum=$(echo "$known" | awk -v a="$architecture" '$1 == a { print $2 }')
platform=$(echo "$known" | awk -v a="$architecture" '$1 == a { print $3 }')
if [ -z "$sum" ]; then
    echo "pdfium: no library is recorded for $architecture; set HYPERION_PDFIUM to one of your own" >&2
    exit 1
fi

matches() { [ -f "$1" ] && echo "$sum  $1" | sha256sum --check --status; }

if matches "$library"; then
    echo "pdfium: $library is in place"
    exit 0
fi

echo "pdfium: fetching pypdfium2 $version for its library"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip download --quiet --no-deps --only-binary=:all: --platform "$platform" --dest "$work" \
    "pypdfium2==$version"
python3 -m zipfile -e "$work"/pypdfium2-*.whl "$work/wheel"
if ! matches "$work/wheel/pypdfium2_raw/libpdfium.so"; then
    echo "pdfium: the library in the wheel is not the recorded one; refusing it" >&2
    exit 1
fi
mkdir -p "$folder"
cp -r "$work"/wheel/pypdfium2-"$version".dist-info/licenses/. "$folder/licences"
mv "$work/wheel/pypdfium2_raw/libpdfium.so" "$library"
echo "pdfium: installed $library"
