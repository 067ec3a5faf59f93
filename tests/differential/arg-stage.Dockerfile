# facts 1.4: a stage from another sees its ARGs
FROM localhost/base AS first
ARG INHERITED=value
FROM first
RUN echo "$INHERITED" >/inherited
