# Stand-in for node:24-bookworm-slim where no registry answers: Debian with the workspace's own Node.
# The context holds `node`, the binary.
FROM debian:bookworm-slim
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
COPY node /usr/local/bin/node
ENTRYPOINT ["node"]
