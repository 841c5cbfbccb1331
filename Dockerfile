# One file, two targets; each image carries only the folders of its program, as source.
#   docker build --target coordinator -t custody-coordinator .
#   docker build --target signer-node -t custody-signer-node .
FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /custody
COPY package.json package-lock.json .npmrc ./
# No script of a package runs: the addon comes with its binaries, and protobufjs needs none.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24.21.0-bookworm-slim AS base
WORKDIR /custody
ENV NODE_ENV=production MALLOC_ARENA_MAX=2
COPY --from=dependencies /custody/node_modules node_modules
COPY package.json ./
COPY proto proto
COPY policy policy
# Volumes take over the mode of the directory below them, whoever the container runs as.
RUN mkdir -p -m 1777 /var/lib/custody /var/lib/custody-floor /var/lib/custody-backups
USER node

FROM base AS coordinator
COPY coordinator coordinator
EXPOSE 7400
ENTRYPOINT ["node", "--tls-min-v1.3", "--disable-sigusr1", "--disable-proto=delete", "coordinator/main.ts"]
CMD ["--config", "/etc/custody/coordinator/config.json"]

# A node listens on nothing but its local admin socket and its loopback health port.
FROM base AS signer-node
COPY signer-node signer-node
# Compiled once, where the node itself cannot write: 0.3 s of every start.
USER root
ENV NODE_COMPILE_CACHE=/custody/compiled
RUN node signer-node/main.ts help >/dev/null && chmod -R a+rX compiled
USER node
ENTRYPOINT ["node", "--tls-min-v1.3", "--disable-sigusr1", "--disable-proto=delete", "signer-node/main.ts"]
CMD ["--config", "/etc/custody/config.json"]
