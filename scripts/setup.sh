#!/bin/sh
# Installs what this checkout needs and does not have yet: npm packages, Debian packages for the lab and the tests, and BIRD 1.6, unpacked.
# Safe to run again; says what it does; starts no service.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*" >&2; }

install_npm_packages() {
  if [ node_modules/.package-lock.json -nt package-lock.json ] && [ -x node_modules/.bin/node ]; then return; fi
  say 'installing npm packages (npm ci)'
  npm ci --no-audit --no-fund --loglevel=error >&2 && return
  # A registry that lacks the packages of some other platform makes npm ci refuse the lock file.
  say 'npm ci failed; trying npm install'
  npm install --no-save --no-audit --no-fund --loglevel=error >&2
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

install_debian_packages() {
  missing=''
  for package in bird2 frr etcd-server etcd-client iptables ipset iproute2 iputils-ping iputils-arping libndp-tools openssl strace systemd; do
    is_installed "$package" || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    say "these Debian packages are missing, and only root can install them:$missing"
    return 0
  fi
  say "installing Debian packages:$missing"
  forbid_service_starts
  trap allow_service_starts EXIT INT TERM
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >&2
  # shellcheck disable=SC2086 # a list of names
  apt-get install -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 $missing >&2
  allow_service_starts
  trap - EXIT INT TERM
  keep_services_off
}

# Debian starts a service as soon as its package is installed, unless policy-rc.d says no. Ours stands in only meanwhile.
policy=/usr/sbin/policy-rc.d
forbid_service_starts() {
  if [ -e "$policy" ] && [ ! -e "$policy.before-romana" ]; then mv "$policy" "$policy.before-romana"; fi
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
}
allow_service_starts() {
  rm -f "$policy"
  if [ -e "$policy.before-romana" ]; then mv "$policy.before-romana" "$policy"; fi
}

# What was installed just now for the lab must not start at the next boot either; what was there before is left alone.
keep_services_off() {
  command -v systemctl >/dev/null || return 0
  for unit in bird:bird2 frr:frr etcd:etcd-server; do
    case "$missing " in *" ${unit#*:} "*) systemctl disable --quiet "${unit%%:*}" 2>/dev/null || true ;; esac
  done
}

# The templates in BIRD 1.6 syntax are checked by a real BIRD 1.6. Its package cannot be installed beside bird2, so it is only unpacked.
unpack_bird1() {
  folder=.cache/bird1
  if [ -x "$folder/usr/sbin/bird" ] && [ -x "$folder/usr/sbin/bird6" ]; then return; fi
  say "unpacking BIRD 1.6 (Debian's bird) into $folder, for checks of templates"
  rm -rf "$folder" "$folder.new"
  mkdir -p "$folder.new"
  if fetch_bird1 && dpkg -x "$folder.new"/bird_*.deb "$folder.new" >&2; then
    rm "$folder.new"/bird_*.deb
    mv "$folder.new" "$folder"
    return
  fi
  rm -rf "$folder.new"
  say "BIRD 1.6 is missing: tests that need $folder/usr/sbin/bird and bird6 are skipped; run this again when a Debian mirror can be reached"
}

# apt drops root's rights to download and could then not write into a checkout that only root may enter.
fetch_bird1() {
  download_bird1 && return
  say 'the package lists may be too old; running apt-get update'
  [ "$(id -u)" -ne 0 ] || apt-get update -qq >&2 || return 1
  download_bird1
}
download_bird1() { (cd "$folder.new" && apt-get download -qq -o APT::Sandbox::User=root bird >&2); }

install_npm_packages
if command -v apt-get >/dev/null; then
  install_debian_packages
  unpack_bird1
else
  say 'no apt-get here: install bird 2, frr, etcd, iptables, ipset, iproute2, ping, arping and ndptool by hand'
fi
