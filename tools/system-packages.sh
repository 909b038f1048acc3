#!/usr/bin/env bash
# Installs the Debian packages that the tests drive, when they are missing and when we may.
# Without root or password-less sudo it does nothing: the tests that need them skip and say so.
set -euo pipefail

missing=()
have() { PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null 2>&1; }
have chromium || missing+=(chromium)
have dovecot || missing+=(dovecot-imapd)
have gpg || missing+=(gnupg)
have openssl || missing+=(openssl)
have initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
compgen -G '/usr/share/fonts/opentype/noto/NotoSansCJK*' >/dev/null || missing+=(fonts-noto-cjk)

if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo -n)
    if ! sudo -n true 2>/dev/null; then
        echo "Not installed, and not ours to install: ${missing[*]}"
        exit 0
    fi
fi
if ! have apt-get; then
    echo "Not installed, and this is not a Debian: ${missing[*]}"
    exit 0
fi

echo "Installing ${missing[*]}"
# The tests start servers of their own: keep the packages from starting theirs.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
    trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi
log=$(mktemp)
if ! {
    "${as_root[@]}" apt-get update -q &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get install -q -y --no-install-recommends "${missing[@]}"
} >"$log" 2>&1; then
    tail -20 "$log"
    echo "Could not install ${missing[*]}: the tests that need them skip."
fi
rm -f "$log"
if [ -d /run/systemd/system ]; then
    for package in "${missing[@]}"; do
        case "$package" in
            dovecot-imapd) "${as_root[@]}" systemctl disable --quiet dovecot || true ;;
            postgresql) "${as_root[@]}" systemctl disable --quiet postgresql || true ;;
        esac
    done
fi
