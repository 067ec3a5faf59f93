# row 32: relative to the base's
FROM localhost/base AS first
WORKDIR /a/b
FROM first
WORKDIR c
WORKDIR /
WORKDIR d
