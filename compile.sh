#!/bin/sh
# Builds sluice as one executable. `sh compile.sh --help` says how.
set -eu

deno_version=2.9.6 # deno.json pins the packages; the deno which installs them is pinned here

usage() {
  cat <<'END'
Usage: sh compile.sh [--target TARGET] [--runtime bun|deno]

Builds dist/sluice, one executable with the scenarios inside, for this machine.

  --target TARGET   builds dist/sluice-TARGET for another machine instead:
                    linux-x64, linux-arm64 (glibc), linux-x64-musl, linux-arm64-musl (Alpine)
  --runtime deno    puts Deno instead of Bun into the executable (dist/sluice-deno[-TARGET])
  --help            prints this

Needs nothing installed but one of deno, npm or bun: what is missing (the packages of deno.json and
Bun itself) comes from the npm registry, in the versions pinned by deno.lock.

Examples:
  sh compile.sh
  sh compile.sh --target linux-arm64-musl
END
}

say() { printf '%s\n' "$*"; }

fail() { # WHAT FIX
  printf 'compile.sh: %s\n' "$1" >&2
  printf '  fix: %s\n' "$2" >&2
  exit 1
}

misuse() {
  printf 'compile.sh: %s\n\n' "$1" >&2
  usage >&2
  exit 2
}

target='' runtime=bun
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) usage && exit 0 ;;
    --target=* | --runtime=*)
      option=${1%%=*} value=${1#*=}
      shift
      set -- "$option" "$value" "$@"
      ;;
    --target)
      case ${2-} in
        linux-x64 | linux-arm64 | linux-x64-musl | linux-arm64-musl) target=$2 && shift 2 ;;
        '') misuse "--target needs a value" ;;
        *) misuse "unknown target '$2'" ;;
      esac
      ;;
    --runtime)
      case ${2-} in
        bun | deno) runtime=$2 && shift 2 ;;
        '') misuse "--runtime needs a value" ;;
        *) misuse "unknown runtime '$2'" ;;
      esac
      ;;
    *) misuse "unknown argument '$1'" ;;
  esac
done
case $runtime$target in
  deno*musl) fail "Deno has no runtime for musl" "build $target with Bun: leave out --runtime deno" ;;
esac

CDPATH='' cd -- "$(dirname -- "$0")"

# All that is half-made lies in one folder, which goes whatever happens.
mkdir -p dist
work=$(mktemp -d "$PWD/dist/.build.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

version=$(sed -n 's/^ *"version": *"\([^"]*\)".*/\1/p' deno.json)
bun_version=$(sed -n 's/.*"npm:bun@\([^"]*\)".*/\1/p' deno.json | head -n 1)

at_least() { # VERSION WANTED, numbers with dots: 1.10.0 is later than 1.9.9
  [ "$(printf '%s\n%s\n' "$1" "$2" | sort -t. -k1,1n -k2,2n -k3,3n | head -n 1)" = "$2" ]
}

version_of() { # PROGRAM: the first number with dots that it answers, or nothing
  NO_COLOR=1 "$1" --version 2>/dev/null </dev/null |
    sed -n 's/^[^0-9]*\([0-9][0-9]*\.[0-9][0-9]*\.[0-9][0-9]*\).*/\1/p' | head -n 1
}

usable() { # PROGRAM WANTED: it runs here and is no older
  found=$(command -v "$1") && found_version=$(version_of "$found") &&
    [ -n "$found_version" ] && at_least "$found_version" "$2"
}

# Any of the three package runners gives the same deno.
find_deno() {
  export npm_config_update_notifier=false NO_COLOR=1
  if usable deno "$deno_version"; then
    deno_from="deno $found_version" deno=$found
    run_deno() { "$deno" "$@"; }
  elif command -v npx >/dev/null; then
    deno_from="npx deno@$deno_version"
    run_deno() { npx -y "deno@$deno_version" "$@"; }
  elif usable bun 1.0.0; then
    deno_from="bun x deno@$deno_version" bun=$found
    run_deno() { "$bun" x --bun "deno@$deno_version" "$@"; }
  else
    fail "found neither deno nor npm nor bun on the PATH" "install one of them (Debian: apt-get install npm)"
  fi
}

# Every package of deno.json is there in the version that it pins.
installed() {
  sed -n 's/^ *"[^"]*": *"npm:\([^"]*\)".*/\1/p' deno.json | tr / + | while read -r package; do
    [ -d "node_modules/.deno/$package" ] || exit 1
  done
}

find_packages() {
  if installed; then return; fi
  find_deno
  say "Installing the packages of deno.lock from the npm registry ($deno_from)"
  run_deno install --frozen >"$work/log" 2>&1 </dev/null || {
    cat "$work/log" >&2
    fail "the packages could not be installed" \
      "let this machine reach the npm registry (behind a TLS proxy set SSL_CERT_FILE), or copy node_modules from one that does"
  }
}

# The pinned Bun of node_modules, else one on the PATH which is no older.
find_bun() {
  if usable node_modules/.bin/bun "$bun_version" || usable bun "$bun_version"; then
    bun=$found
    say "Building with Bun $found_version ($found)"
  else
    fail "found no Bun of at least $bun_version, in node_modules or on the PATH" \
      "remove node_modules and build again: it is installed anew"
  fi
}

# Bytecode halves the start (28 to 14 ms). Names stay whole, and the source map goes inside, for
# readable stack traces; both cost nothing at the start. A program of ours must not obey the .env
# and bunfig.toml of whatever folder it is started in. Never strip the result: it loses the program.
build_with_bun() {
  find_bun
  bundle_lua
  set -- --compile --minify-whitespace --minify-syntax --bytecode --format=esm --sourcemap=inline \
    --no-compile-autoload-dotenv --no-compile-autoload-bunfig \
    --tsconfig-override="$work/tsconfig.json" --asset scenarios
  if [ -n "$target" ]; then set -- "$@" "--target=bun-$target"; fi
  "$bun" build "$@" --outfile "$work/sluice" src/main.ts src/threads/worker.ts \
    >"$work/log" 2>&1 </dev/null || {
    cat "$work/log" >&2
    if [ -n "$target" ] && grep -qi download "$work/log"; then
      fail "Bun's runtime for $target could not be fetched" "let this machine reach the npm registry"
    fi
    fail "src/main.ts does not build" "correct the errors above (deno task check may say more)"
  }
  adapt_runtime "$work/sluice"
}

# Lua's package is bundled by itself first: with --minify-syntax Bun 1.4.5 refuses its luaconf.js
# ("Invalid assignment target"), and without, a request costs 2 % more.
bundle_lua() {
  "$bun" build --target=bun --outfile "$work/fengari.js" node_modules/fengari/src/fengari.js \
    >"$work/log" 2>&1 </dev/null || {
    cat "$work/log" >&2
    fail "the package fengari does not build" "remove node_modules and build again"
  }
  sed "s|\"#src/\*\": .*|\"fengari\": [\"$work/fengari.js\"],|" deno.json >"$work/tsconfig.json"
}

# Bun's runtime obeys variables that make it run other code (BUN_BE_BUN, BUN_OPTIONS, BUN_INSPECT and
# its kin), write a file (BUN_BYTECODE_ORDER_OUT) or take a descriptor (NODE_CHANNEL_FD). Whoever
# starts a binary with capabilities must not get those for code of their own. So the first letter of
# these names becomes NUL, which no name in an environment has. They stand in .rodata, as C strings
# and in rows of names; where they are quoted, in messages and scripts, they stay.
#
# Without /proc, or with little memory, the runtime crashes before a line of ours runs: its words for
# a crash become such as help there.
adapt_runtime() { # EXECUTABLE
  "$bun" run - "$1" >"$work/log" 2>&1 <<'END' || {
const { readFileSync, writeFileSync } = require("node:fs");
const path = process.argv.at(-1);
const file = readFileSync(path);
const u64 = (at) => Number(file.readBigUInt64LE(at));
const text = (at, length) => file.toString("latin1", at, at + length);
// elf(5): e_shoff, e_shnum, e_shstrndx; of each section sh_name, sh_offset, sh_size.
const sections = Array.from({ length: file.readUInt16LE(60) }, (_, i) => u64(40) + 64 * i);
const names = u64(sections[file.readUInt16LE(62)] + 24);
const rodata = sections.find((at) => text(names + file.readUInt32LE(at), 8) === ".rodata\0");
const from = u64(rodata + 24);
const constants = file.subarray(from, from + u64(rodata + 32));
for (const name of ["BUN_BE_BUN", "BUN_OPTIONS", "BUN_INSPECT", "BUN_BYTECODE_ORDER", "NODE_CHANNEL_FD"]) {
  let found = 0;
  for (let at = constants.indexOf(name); at >= 0; at = constants.indexOf(name, at + 1)) {
    if (!/[\0A-Za-z]/.test(String.fromCharCode(constants[at - 1]))) continue;
    constants[at] = 0;
    found++;
  }
  if (found === 0) throw new Error(`${name} is not among the constants of ${path}`);
}
const crash = "Bun has crashed. This indicates a bug in Bun, not your code.\n\n" +
  "To send a redacted crash report to Bun's team,\nplease file a GitHub issue using the link below:";
const words = "sluice cannot go on.\nAt its start: it needs /proc, memory ('ulimit -v') and threads (TasksMax=).\n" +
  "Later: a fault of its runtime, Bun: please report it there:";
if (words.length > crash.length || !constants.includes(crash)) throw new Error(`the words of a crash are not in ${path}`);
for (let at; (at = constants.indexOf(crash)) >= 0;) {
  constants.write(words.padEnd(crash.length), at, "latin1");
}
writeFileSync(path, file);
END
    cat "$work/log" >&2
    fail "the names of Bun's environment variables could not be taken out of its runtime" \
      "build with Bun $bun_version, or see what this version calls them"
  }
}

build_with_deno() {
  find_deno
  say "Building with $deno_from"
  # deno compile takes its own full binary for a stub without a word; the result is a REPL.
  if [ -n "${DENORT_BIN-}" ] && "$DENORT_BIN" --version 2>/dev/null </dev/null | grep -q '^deno '; then
    fail "DENORT_BIN is deno itself ($DENORT_BIN), not its stub denort" \
      "unset it, or point it at the denort of the same version"
  fi
  set -- -A --no-check --frozen --node-modules-dir=none --exclude-unused-npm --include scenarios
  case $target in
    linux-x64) set -- "$@" --target x86_64-unknown-linux-gnu ;;
    linux-arm64) set -- "$@" --target aarch64-unknown-linux-gnu ;;
  esac
  run_deno compile "$@" --output "$work/sluice" src/main.ts >"$work/log" 2>&1 </dev/null || {
    sed -n '/^error/,$p' "$work/log" >&2
    if grep -q denort "$work/log"; then
      fail "Deno's stub (denort), to which deno compile appends a program, could not be fetched" \
        "let this machine reach dl.deno.land (the npm registry has no denort), or set DENORT_BIN to a denort, or leave out --runtime deno"
    fi
    fail "src/main.ts does not build" "correct the errors above (deno task check may say more)"
  }
}

find_packages
"build_with_$runtime"

# What runs here must say its name before it takes the place of the last one.
if [ -z "$target" ]; then
  answer=$(BUN_BE_BUN=1 BUN_OPTIONS='--preload=/nonexistent' BUN_INSPECT='127.0.0.1:1?wait=1' \
    NODE_CHANNEL_FD=none "$work/sluice" -v 2>&1 </dev/null) || true
  case $answer in
    "sluice version $version "*) ;;
    *)
      printf '%s\n' "$answer" >&2
      fail "the new executable does not start: this is its answer to -v, which should begin with sluice version $version" \
        "see that src/main.ts answers -v, and that the runtime obeys no variable of its own (adapt_runtime)"
      ;;
  esac
fi
name=sluice
if [ "$runtime" = deno ]; then name=$name-deno; fi
if [ -n "$target" ]; then name=$name-$target; fi
mv -f "$work/sluice" "dist/$name"
size=$(wc -c <"dist/$name")
say "$PWD/dist/$name: $((size / 1000000)) MB, sluice $version"
