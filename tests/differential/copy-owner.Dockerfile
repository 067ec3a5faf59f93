# row 16: USER does not matter, the context's owners neither, --from keeps them
FROM localhost/base AS first
RUN mkdir /d && touch /d/f && chown 12:34 /d/f && chown 56:78 /d && chmod 3775 /d && chmod 4711 /d/f
FROM localhost/base
USER worker
COPY one.txt /tmp/one
COPY dir /tmp/tree
COPY --from=first /d /tmp/d
COPY --from=first /d/f /tmp/f
COPY --from=first --chown=1:2 /d /tmp/changed
