# fails
# row 75: an ignored file is not there
FROM localhost/base
COPY one.txt /x
