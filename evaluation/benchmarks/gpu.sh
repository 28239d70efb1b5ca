#!/bin/sh
# Float, fp16 and int8 of ResNet-50 on a GPU: latency with copies and held there, and NVML's joules.
#
#   gpu.sh pack OUT [--natives DIR] [--cuda DIR]   here: tool, Java and libraries, in parts
#   gpu.sh unpack PARTS DIR                        there: checks the parts and puts them together
#   gpu.sh run DIR [DEVICE ...]                    there: builds the models and measures them
#
# pack takes ./compress as it is built (start it once), a Java made by jlink, ONNX Runtime's
# libraries for GPUs (--natives: ai/onnxruntime/native/linux-x64 of onnxruntime_gpu's jar) and, for
# machines without them, those of CUDA 12 and cuDNN 9 (--cuda: a folder of .so files). Parts are at
# most PART_MIB (60) large; none needs a network. DEVICE is cuda:0 unless named; several are rows of
# one report. Reports land in DIR/results.
set -eu

fail() {
  printf 'gpu.sh: %s\n' "$1" >&2
  exit 1
}

root=$(CDPATH='' cd -P -- "$(dirname "$0")/../.." && pwd)
modules=java.se,jdk.unsupported,jdk.management,jdk.zipfs,jdk.crypto.ec

pack() {
  out=${1-}
  [ -n "$out" ] || fail "pack where to?"
  shift
  natives= cuda=
  while [ $# -gt 0 ]; do
    case $1 in
      --natives) natives=$2 ;;
      --cuda) cuda=$2 ;;
      *) fail "pack knows --natives DIR and --cuda DIR, not $1" ;;
    esac
    shift 2
  done
  launcher=$root/cli/target/launcher
  [ -d "$launcher" ] || fail "there is no $launcher; start ./compress once"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$out" "$work/pack/natives"
  [ -z "$(ls -A "$out")" ] || fail "$out is not empty"
  cp -R "$launcher" "$work/pack/compress"
  rm -rf "$work/pack/compress/lib/cds"
  cp "$0" "$work/pack/gpu.sh"
  jlink=${JAVA_HOME:+$JAVA_HOME/bin/}jlink
  "$jlink" --add-modules "$modules" --strip-debug --no-header-files --no-man-pages \
    --output "$work/pack/java"
  [ -z "$natives" ] || cp -L "$natives"/*.so "$work/pack/natives/"
  [ -z "$cuda" ] || cp -L "$cuda"/*.so* "$work/pack/natives/"
  # Libraries for GPUs shrink to half; more effort than this takes minutes for little.
  tar -C "$work/pack" -cf - . | xz -T0 -2 | split -b "${PART_MIB:-60}m" -a 3 - "$out/part."
  (cd "$out" && sha256sum part.* >parts.sha256)
  cp "$0" "$out/gpu.sh"
  du -ch "$out"/part.* | tail -n 1
}

unpack() {
  parts=${1-} dir=${2-}
  [ -n "$parts" ] && [ -n "$dir" ] || fail "unpack what, and where to?"
  (cd "$parts" && sha256sum --quiet -c parts.sha256) || fail "a part is missing or damaged"
  mkdir -p "$dir"
  cat "$parts"/part.* | xz -dc | tar -C "$dir" -xf -
}

# 16 images of noise, by Python's standard library alone.
images() {
  python3 - "$1" <<'PYTHON'
import array, io, random, struct, sys, zipfile
random.seed(7)
shape = (16, 3, 224, 224)
values = array.array("f", (random.gauss(0, 1) for _ in range(16 * 3 * 224 * 224)))
head = "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }" % (shape,)
head += " " * (63 - (10 + len(head)) % 64) + "\n"
with zipfile.ZipFile(sys.argv[1], "w") as z:
    z.writestr("input.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + values.tobytes())
PYTHON
}

run() {
  dir=${1-}
  [ -n "$dir" ] || fail "run where?"
  shift
  [ $# -gt 0 ] || set -- cuda:0
  dir=$(cd "$dir" && pwd)
  JAVA_HOME=$dir/java
  COMPRESS_CACHE=$dir/cache
  export JAVA_HOME COMPRESS_CACHE
  compress=$dir/compress/bin/compress
  work=$dir/work results=$dir/results
  mkdir -p "$work" "$results"
  set -- $(printf -- '--device %s ' "$@")
  case "$*" in
    *cuda* | *tensorrt*) set -- "$@" --natives "$dir/natives" ;;
  esac
  "$compress" doctor --natives "$dir/natives" >"$results/doctor.txt" 2>&1 || true
  [ -f "$work/images.npz" ] || images "$work/images.npz"
  [ -f "$work/resnet50.onnx" ] || "$compress" models build resnet50 -o "$work/resnet50.onnx"
  for precision in fp16 int8; do
    [ -f "$work/resnet50.$precision.onnx" ] || "$compress" -q --quantize "$precision" \
      --target "${TARGET:-cuda}" --proof none --calibration-data "$work/images.npz" \
      -o "$work/resnet50.$precision.onnx" "$work/resnet50.onnx"
  done
  # shellcheck disable=SC2086
  for batch in ${BATCHES:-1 16}; do
    "$compress" evaluate "$work/resnet50.onnx" "$work/resnet50.fp16.onnx" \
      "$work/resnet50.int8.onnx" --data "$work/images.npz" --batch "$batch" ${EVALUATE-} "$@" \
      --report "$results/resnet50.batch$batch.json" --report "$results/resnet50.batch$batch.md" \
      --report "$results/resnet50.batch$batch.html"
  done
}

case ${1-} in
  pack | unpack | run)
    command=$1
    shift
    "$command" "$@"
    ;;
  *) fail "say pack, unpack or run; the head of this file tells how" ;;
esac
