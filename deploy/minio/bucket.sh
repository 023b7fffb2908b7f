#!/bin/sh
# bucket.sh: makes the bucket tradelake, and the user AWS_ACCESS_KEY_ID who may use it and nothing else. Safe to repeat.
set -eu
cd "$(dirname "$0")"
export MC_CONFIG_DIR="${MC_CONFIG_DIR:-/tmp/mc}"
mc alias set lake "$MINIO_URL" "$MINIO_ROOT_USER" "$MINIO_ROOT_PASSWORD" >/dev/null
mc mb --ignore-existing lake/tradelake
mc admin user add lake "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" >/dev/null
mc admin policy create lake tradelake policy.json
# It is an error to attach what is attached already.
mc admin user info lake "$AWS_ACCESS_KEY_ID" | grep -q 'PolicyName: tradelake' ||
  mc admin policy attach lake tradelake --user "$AWS_ACCESS_KEY_ID"
