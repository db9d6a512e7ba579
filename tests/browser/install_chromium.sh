#!/usr/bin/env bash
# Makes sure that there is a browser for the tests of the page, and a font with Chinese for its plots.
#   RECRM_CHROMIUM names another browser of the kind: chrome, chromium-browser, …
set -euo pipefail
command -v "${RECRM_CHROMIUM:-chromium}" >/dev/null && fc-list :lang=zh | grep -q . && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-noto-cjk >/dev/null
    exit 0
fi
echo "the tests of the page need Chromium and a font with Chinese (Debian, Ubuntu: apt-get install chromium fonts-noto-cjk)" >&2
exit 1
