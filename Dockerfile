# Builds with all tools and keeps what runs. A container needs a master key (OUTCROP_MASTER_KEY), without which the gateway
# listens on loopback only, and a volume at /data.
FROM node:24.21.0-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY toolchain toolchain
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
COPY simulator simulator
RUN npm run build && npm prune --omit=dev && mkdir /data

FROM node:24.21.0-slim
ENV NODE_ENV=production OUTCROP_DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build --chown=node:node /data /data
USER node
VOLUME /data
EXPOSE 4000
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["node", "/app/dist/src/cli.js", "health"]
ENTRYPOINT ["node", "/app/dist/src/cli.js"]
CMD ["start"]
