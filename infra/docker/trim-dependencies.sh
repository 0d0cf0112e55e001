#!/bin/sh
# Drops from the workspace's node_modules what an image never runs: most of its size.
set -eu
cd node_modules
# Node comes with the base image.
rm -rf .pnpm/node-linux-* node-linux-* .bin/node
# Prisma brings its compiler for every database; ours is PostgreSQL.
find .pnpm -path '*/@prisma/client/runtime/*' -name '*.wasm-base64.*' ! -name '*.postgresql.*' -delete
# For people and compilers.
find .pnpm -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.md' \) -delete
rm -rf .pnpm/@types+*
