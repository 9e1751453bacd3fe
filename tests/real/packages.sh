#!/usr/bin/env bash
# What the tests against real daemons need beside Python. Run as root it installs what is missing from the
# distribution; run as anybody else it names what is missing in one line and exits 1. A second run does nothing.
set -euo pipefail

# package, and a file that it brings: a program may also have come another way
needs=(
    "dovecot-core:/usr/sbin/dovecot"
    "dovecot-imapd:/usr/lib/dovecot/imap"
    "postfix:/usr/sbin/postfix"
    "iproute2:/usr/sbin/ip /sbin/ip /usr/bin/ip"
    "openssl:/usr/bin/openssl"
    "util-linux:/usr/bin/unshare"
    "postgresql:/usr/lib/postgresql/15/bin/initdb /usr/lib/postgresql/16/bin/initdb /usr/lib/postgresql/17/bin/initdb /usr/local/bin/initdb"
    "uidmap:/usr/bin/newuidmap" # an ordinary user's namespace needs a range of user ids, which it hands out
)

missing=()
for need in "${needs[@]}"; do
    found=
    for file in ${need#*:}; do if [ -x "$file" ]; then found=1; fi; done
    [ -n "$found" ] || missing+=("${need%%:*}")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "tests/real: missing ${missing[*]}; as root: bash tests/real/packages.sh (or apt-get install ${missing[*]})" >&2
    exit 1
fi
if ! command -v apt-get >/dev/null; then
    echo "tests/real: missing ${missing[*]}, and there is no apt-get here to install them with" >&2
    exit 1
fi

# The packages would start their daemons on this machine; the tests start their own, in namespaces.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
apt=(apt-get -qq -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0)
log=$(mktemp)
if ! { "${apt[@]}" update && "${apt[@]}" install --yes --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "tests/real: could not install ${missing[*]} (log above)" >&2
    rm -f "$log"
    exit 1
fi
rm -f "$log"
echo "tests/real: installed ${missing[*]}"
