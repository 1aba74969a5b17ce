#!/usr/bin/env bash
# Make sure of the two programs that the tests use and pip cannot give: curl and a Chromium browser.
# What cannot be had is said in one line, and the tests that need it are skipped with that reason.
set -uo pipefail
python=$(dirname "$0")/../../.venv/bin/python

has_browser() {
  command -v chromium || command -v chromium-browser || command -v google-chrome ||
    "$python" -c 'import os, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as tools:
    sys.exit(not os.path.exists(tools.chromium.executable_path))'
} >/dev/null 2>&1

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo -n)
apt_install() {
  command -v apt-get >/dev/null && "${as_root[@]}" true 2>/dev/null || return
  "${as_root[@]}" apt-get -o DPkg::Lock::Timeout=300 -qq update &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get -o DPkg::Lock::Timeout=300 -qq install -y --no-install-recommends "$@"
} >/dev/null 2>&1

drives() { "$python" -m playwright --version; } >/dev/null 2>&1

wanted=()
command -v curl >/dev/null || wanted+=(curl)
# Playwright's driver is a Node.js that needs this library of the system.
drives || wanted+=(libatomic1)
has_browser || wanted+=(chromium)
[ ${#wanted[@]} = 0 ] && exit 0

echo "set-up: installing ${wanted[*]}"
apt_install "${wanted[@]}"
drives || echo "set-up: Playwright does not start: install the package libatomic1" >&2
has_browser || "$python" -m playwright install chromium >/dev/null 2>&1
has_browser || echo "set-up: no Chromium browser: install the package chromium; the browser tests are skipped" >&2
command -v curl >/dev/null || echo "set-up: no curl: install the package curl; the tests of the README are skipped" >&2
exit 0
