# fails
# rows 8 10: no name and no link leads out of the context
FROM localhost/base
COPY dir/absolute /x
