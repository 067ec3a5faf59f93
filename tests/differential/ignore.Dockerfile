# row 75 and facts 1.6: .dockerignore
FROM localhost/base
COPY . /all
COPY tree/drop /drop
