#!/bin/sh
# Usage: with-setup.sh COMMAND [ARGUMENT...]: sets this checkout up, then runs COMMAND with its own Node first in PATH.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
sh "$root/scripts/setup.sh"
PATH="$root/node_modules/.bin:$PATH:/usr/sbin:/sbin"
NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE:-$root/.cache/compile}
export PATH NODE_COMPILE_CACHE
exec "$@"
