# Installs what Cohort is built with; sourced by deploy/quickstart and tests/run.
#
# Everything that is downloaded or built once lies under COHORT_CACHE (default ~/.cache/cohort), outside the checkout, in folders named
# after what they hold, so that a second run costs seconds. Each step says what it does; a failing step ends the script in one sentence.

COHORT_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
COHORT_CACHE="${COHORT_CACHE:-${HOME:-/root}/.cache/cohort}"
COHORT_BUILD="${COHORT_BUILD:-$COHORT_ROOT/build}"
COHORT_LOGS="$COHORT_CACHE/logs"
TORCH_VERSION=2.11.0
BUF_VERSION=1.75.0
export COHORT_CACHE COHORT_ROOT

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
fail() { printf 'cohort: %s\n' "$*" >&2; exit 1; }

# quiet NAME COMMAND...: runs the command with its output in a log file; on failure shows the end of it and stops.
quiet() {
  local name="$1" log; shift
  mkdir -p "$COHORT_LOGS"
  log="$COHORT_LOGS/$name.log"
  if ! "$@" >"$log" 2>&1; then
    tail -n 25 "$log" >&2
    fail "$name failed; the whole output is in $log"
  fi
}

debian_packages() {
  cat <<'LIST'
build-essential ca-certificates git cmake ninja-build pkg-config ccache mold python3 python3-venv
libgrpc++-dev libgrpc-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev libabsl-dev libgoogle-glog-dev
libhiredis-dev libgtest-dev libgmock-dev libbenchmark-dev libyaml-cpp-dev libcli11-dev nlohmann-json3-dev prometheus-cpp-dev libcurl4-openssl-dev zlib1g-dev
libseccomp-dev libflint-dev libflint-arb-dev libgmp-dev libssl-dev redis-server
LIST
}

# What only tests/run needs: a store for the real kube-apiserver, promtool, and a browser for the live page.
debian_test_packages() {
  echo etcd-server prometheus chromium python3-yaml
}

install_debian_packages() {  # install_debian_packages PACKAGE...
  local missing=()
  command -v apt-get >/dev/null || fail "this script installs Debian packages, and apt-get is not here; use Debian 12 (bookworm), or a container of it"
  for p; do
    dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing+=("$p")
  done
  [ ${#missing[@]} -eq 0 ] && return
  [ "$(id -u)" = 0 ] || fail "packages are missing (${missing[*]}); run this once as root, or install them by hand"
  say "installing ${#missing[@]} Debian packages"
  export DEBIAN_FRONTEND=noninteractive
  quiet apt-update apt-get update
  # Servers that Debian would start at installation are not wanted: Cohort and its tests start private ones.
  quiet apt-install env RUNLEVEL=1 apt-get install -y --no-install-recommends "${missing[@]}"
}

# Whether the first cargo and rustc of PATH work and are 1.88 or newer; rustup's do not work without a toolchain of this user.
rust_works() {
  local program
  for program in cargo rustc; do
    "$program" --version 2>/dev/null | awk '{split($2,v,"."); new=v[1]>1 || v[2]>=88} END {exit !new}' || return 1
  done
}

# The Rust that is here, or Debian's cargo-web (plain cargo of bookworm is too old for the tokenizers crate).
install_rust() {
  rust_works && return
  export PATH="/usr/bin:$PATH"  # What did not work must not stand before Debian's.
  rust_works && return
  say "installing Rust (cargo-web, rustc-web)"
  export DEBIAN_FRONTEND=noninteractive
  quiet apt-rust sh -c 'apt-get update && apt-get install -y --no-install-recommends cargo-web rustc-web'
  rust_works || fail "neither the Rust of PATH nor Debian's cargo-web works; try: cargo --version; rustc --version"
}

# pip of its own, as $COHORT_CACHE/pip-venv/bin/pip.
install_pip() {
  [ -x "$COHORT_CACHE/pip-venv/bin/pip" ] || quiet pip-venv python3 -m venv "$COHORT_CACHE/pip-venv"
}

# LibTorch from the PyPI wheel, CPU parts only; COHORT_SITE is the folder that holds torch/ and nvidia/. The Python parts stay for the tests' oracle
# (tests/golden/transformers).
install_torch() {
  COHORT_SITE="$COHORT_CACHE/torch-$TORCH_VERSION"
  export COHORT_SITE
  [ -e "$COHORT_SITE/.complete" ] && [ -e "$COHORT_SITE/torch/lib/libtorch_python.so" ] && return
  say "fetching LibTorch $TORCH_VERSION (531 MB, once)"
  local staging="$COHORT_SITE.partial"
  rm -rf "$staging" "$COHORT_SITE"
  mkdir -p "$staging"
  install_pip
  quiet torch-wheel "$COHORT_CACHE/pip-venv/bin/pip" install --disable-pip-version-check --no-deps --no-compile --no-cache-dir \
    --target "$staging" --python-version 3.11 --only-binary=:all: "torch==$TORCH_VERSION" nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85
  local kept="$staging/torch/lib"
  find "$kept" -maxdepth 1 -type f \( -name 'libtorch_cuda*' -o -name 'libtorch_nvshmem*' \) -delete
  find "$staging/torch/bin" -type f ! -name torch_shm_manager -delete
  touch "$staging/.complete"
  mv "$staging" "$COHORT_SITE"
}

# LibTorch with its CUDA parts and the CUDA 13.0.2 toolkit from NVIDIA's wheels, all in one folder that takes the place of install_torch's. Called only
# where CUDA is asked for; needs no GPU. One pip command for all of it: a second one would replace the nvidia/ folder that the wheels share.
install_cuda() {
  COHORT_SITE="$COHORT_CACHE/torch-$TORCH_VERSION-cuda-13.0.2"
  export COHORT_SITE
  [ -e "$COHORT_SITE/.complete" ] && return
  say "fetching LibTorch $TORCH_VERSION with CUDA and the CUDA 13.0.2 toolkit (2.0 GB, once; 4.1 GB on disk)"
  local staging="$COHORT_SITE.partial"
  rm -rf "$staging" "$COHORT_SITE"
  mkdir -p "$staging"
  install_pip
  # shellcheck disable=SC2046
  quiet cuda-wheels "$COHORT_CACHE/pip-venv/bin/pip" install --disable-pip-version-check --no-deps --no-compile --no-cache-dir \
    --target "$staging" --python-version 3.11 --only-binary=:all: $(cuda_wheels)
  quiet cuda-links arrange_cuda_toolkit "$staging"
  touch "$staging/.complete"
  mv "$staging" "$COHORT_SITE"
}

# To compile and link: nvcc, nvvm, crt, cccl, cublas, nccl. The rest is what libtorch_cuda.so loads, needed to run what was linked, with or without a GPU.
cuda_wheels() {
  cat <<LIST
torch==$TORCH_VERSION
nvidia-cuda-nvcc==13.0.88 nvidia-nvvm==13.0.88 nvidia-cuda-crt==13.0.88 nvidia-cuda-cccl==13.0.85 nvidia-cublas==13.1.0.3 nvidia-nccl-cu13==2.28.9
nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85 nvidia-cudnn-cu13==9.19.0.56 nvidia-cusparselt-cu13==0.8.0 nvidia-nvshmem-cu13==3.4.5
nvidia-cufft==12.0.0.61 nvidia-cufile==1.15.1.6 nvidia-curand==10.4.0.35 nvidia-cusolver==12.0.4.66 nvidia-cusparse==12.6.3.3
nvidia-nvjitlink==13.0.88 nvidia-cuda-nvrtc==13.0.88 nvidia-nvtx==13.0.85 nvidia-nvml-dev==13.0.87 nvidia-cuda-profiler-api==13.0.85
nvidia-cuda-culibos==13.0.85
LIST
}

# arrange_cuda_toolkit SITE: makes the wheels usable as a toolkit: a lib64 link, and the unversioned .so links that a linker looks for.
arrange_cuda_toolkit() {
  local site="$1" folder library name
  ln -sfn lib "$site/nvidia/cu13/lib64"
  for folder in "$site"/nvidia/{cu13,nccl}/lib; do
    for library in "$folder"/lib*.so.[0-9]*; do
      name="$(basename "$library")"
      [ -e "$folder/${name%%.so.*}.so" ] || ln -s "$name" "$folder/${name%%.so.*}.so"
    done
  done
}

# buf, the protobuf linter, from its npm package; used by tests/run.
install_buf() {
  BUF="$COHORT_CACHE/buf-$BUF_VERSION/node_modules/.bin/buf"
  export BUF
  [ -x "$BUF" ] && return
  if ! command -v npm >/dev/null; then
    say "installing npm"
    quiet apt-npm sh -c 'apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends npm'
  fi
  say "fetching buf $BUF_VERSION"
  quiet buf npm install --silent --no-audit --no-fund --prefix "$COHORT_CACHE/buf-$BUF_VERSION" "@bufbuild/buf@$BUF_VERSION"
}

configure_ccache() {
  export CCACHE_DIR="$COHORT_CACHE/ccache" CCACHE_BASEDIR="$COHORT_ROOT" CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=5G
  # Folder times and __TIME__ do not matter here, and hash_dir off lets several build folders share what they compile.
  export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
}

install_toolchain() {
  mkdir -p "$COHORT_CACHE"
  # shellcheck disable=SC2046  # One word a package.
  install_debian_packages $(debian_packages)
  install_rust
  install_torch
  configure_ccache
  export CARGO_TARGET_DIR="$COHORT_CACHE/cargo-target"
}

# configure [cmake arguments...]
configure() {
  say "configuring $COHORT_BUILD"
  quiet configure cmake -S "$COHORT_ROOT" -B "$COHORT_BUILD" -G Ninja -DCOHORT_SITE="$COHORT_SITE" "$@"
}

# build_targets [targets...]: builds with at most one heavy link at a time; shows ninja's own progress line.
build_targets() {
  say "building (the first time takes up to 15 minutes on 2 cores; log: $COHORT_LOGS/build.log)"
  mkdir -p "$COHORT_LOGS"
  if [ -t 1 ]; then
    cmake --build "$COHORT_BUILD" --target "$@" -- -j "${COHORT_JOBS:-$(nproc)}" 2>&1 | tee "$COHORT_LOGS/build.log" | grep --line-buffered -E '^\[' | while IFS= read -r line; do
      printf '\r\033[K%.100s' "$line"; done
    local status=${PIPESTATUS[0]}; printf '\r\033[K'
  else
    cmake --build "$COHORT_BUILD" --target "$@" -- -j "${COHORT_JOBS:-$(nproc)}" >"$COHORT_LOGS/build.log" 2>&1
    local status=$?
  fi
  if [ "$status" != 0 ]; then
    grep -A 20 -m 3 -E 'FAILED|error:' "$COHORT_LOGS/build.log" >&2
    fail "the build failed; the whole output is in $COHORT_LOGS/build.log"
  fi
}
