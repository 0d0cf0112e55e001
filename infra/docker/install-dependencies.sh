#!/bin/sh
# Installs what production needs into the workspace; a context that brings its node_modules is taken as it is.
set -eu
if [ -d node_modules/.pnpm ]; then
  echo "node_modules came with the build context"
  exit 0
fi
pnpm=$(node -p "require('./package.json').packageManager")
export CI=true
npx --yes "$pnpm" install --frozen-lockfile
# The typed database client is generated with the development dependencies, which then go.
npm run generate
find . -name node_modules -prune -exec rm -rf {} +
npx --yes "$pnpm" install --frozen-lockfile --prod
sh infra/docker/trim-dependencies.sh
