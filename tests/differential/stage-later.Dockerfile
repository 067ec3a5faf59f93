# fails
# row 49: no copy from a later stage
FROM localhost/base AS first
COPY --from=second /etc/passwd /x
FROM localhost/base AS second
LABEL x=y
FROM first
LABEL x=y
