# rows 27 28: attributes; a capability outlives --chown
FROM localhost/base AS first
COPY attr /attr
FROM localhost/base
COPY attr /attr
COPY --from=first /attr /from
COPY --chown=worker:extra attr/capable /owned
