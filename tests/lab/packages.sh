#!/usr/bin/env bash
# What the mail lab needs beside Python: daemons and mail programs of the distribution, and two programs of npm (their
# lock names no download address). Run as root it installs what is missing; run as anybody else it names what is
# missing in one line and exits 1. A second run does nothing.
set -euo pipefail
cd "$(dirname "$0")"

# package, and a file that it brings: a program may also have come another way
needs=(
    "dovecot-core:/usr/sbin/dovecot"
    "dovecot-imapd:/usr/lib/dovecot/imap"
    "postfix:/usr/sbin/postfix"
    "fail2ban:/usr/bin/fail2ban-server"
    "nftables:/usr/sbin/nft"
    "iproute2:/usr/sbin/ip /sbin/ip /usr/bin/ip"
    "openssl:/usr/bin/openssl"
    "bsdutils:/usr/bin/script"
    "util-linux:/usr/bin/unshare"
    "postgresql:/usr/lib/postgresql/15/bin/initdb /usr/lib/postgresql/16/bin/initdb /usr/lib/postgresql/17/bin/initdb /usr/local/bin/initdb"
    "uidmap:/usr/bin/newuidmap" # an ordinary user's namespace needs a range of user ids, which it hands out
    "python3:/usr/bin/python3"
    "curl:/usr/bin/curl"
    "swaks:/usr/bin/swaks"
    "libnet-ssleay-perl:/usr/lib/*/perl5/*/Net/SSLeay.pm" # swaks: TLS
    "libauthen-sasl-perl:/usr/share/perl5/Authen/SASL.pm"
    "libio-socket-inet6-perl:/usr/share/perl5/IO/Socket/INET6.pm"
    "msmtp:/usr/bin/msmtp"
    "isync:/usr/bin/mbsync"
    "mutt:/usr/bin/mutt"
    "neomutt:/usr/bin/neomutt"
    "s-nail:/usr/bin/s-nail"
    "fetchmail:/usr/bin/fetchmail"
    "offlineimap3:/usr/bin/offlineimap"
    "php-cli:/usr/bin/php"
    "libphp-phpmailer:/usr/share/php/libphp-phpmailer/src/PHPMailer.php"
    "thunderbird:/usr/bin/thunderbird"
    "xvfb:/usr/bin/Xvfb"
    "request-tracker5:/usr/bin/rt-mailgate-5"
    "rt5-db-sqlite:/var/lib/dbconfig-common/sqlite3/request-tracker5/rtdb"
    "rt5-standalone:/usr/share/doc/rt5-standalone"
    "chromium:/usr/bin/chromium"
    "fonts-dejavu-core:/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
    "nodejs:/usr/bin/node"
    "npm:/usr/bin/npm /usr/local/bin/npm"
    "tesseract-ocr:/usr/bin/tesseract" # screenshots; brings English
    "logrotate:/usr/sbin/logrotate"
    "rsyslog:/usr/sbin/rsyslogd"
)

missing=()
for need in "${needs[@]}"; do
    found=
    for file in ${need#*:}; do if [ -e "$file" ]; then found=1; fi; done
    [ -n "$found" ] || missing+=("${need%%:*}")
done

if [ "${#missing[@]}" -ne 0 ]; then
    if [ "$(id -u)" -ne 0 ]; then
        echo "tests/lab: missing ${missing[*]}; as root: bash tests/lab/packages.sh (or apt-get install ${missing[*]})" >&2
        exit 1
    fi
    if ! command -v apt-get >/dev/null; then
        echo "tests/lab: missing ${missing[*]}, and there is no apt-get here to install them with" >&2
        exit 1
    fi
    # The packages would start their daemons on this machine; the lab starts its own, in namespaces.
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
        echo "tests/lab: could not install ${missing[*]} (log above)" >&2
        rm -f "$log"
        exit 1
    fi
    rm -f "$log"
    echo "tests/lab: installed ${missing[*]}"
fi

# imapflow and nodemailer, as the lock has them
if ! cmp -s programs/package-lock.json programs/node_modules/.lab-lock.json; then
    (cd programs && npm ci --silent --omit-lockfile-registry-resolved --ignore-scripts --no-audit --no-fund)
    cp programs/package-lock.json programs/node_modules/.lab-lock.json
    echo "tests/lab: installed imapflow and nodemailer"
fi
