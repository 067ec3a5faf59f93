# row 44: HEALTHCHECK NONE
# format: docker
FROM localhost/base AS first
HEALTHCHECK CMD ["a", "b"]
FROM first
HEALTHCHECK NONE
