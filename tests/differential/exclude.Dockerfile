# facts 1.1, row 18: --exclude and symbolic --chmod, which buildah 1.28 has not
FROM localhost/base
COPY --exclude=**/*.pyc --exclude=deep tree/keep /keep
COPY --chmod=u=rwX,go=rX modes /modes
