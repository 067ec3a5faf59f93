# facts 1.7: a named context
# options: --build-context other=../other
FROM localhost/base
COPY --from=other file /named
COPY --from=other . /all/
