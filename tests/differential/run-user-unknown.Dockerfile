# fails
# row 61: a user nobody is
FROM localhost/base
USER nobody-here
RUN true
