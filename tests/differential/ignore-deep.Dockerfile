# facts 1.6: ** and order
FROM localhost/base
COPY . /all
