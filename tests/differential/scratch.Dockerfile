# row 35: an image from nothing
FROM scratch
COPY one.txt /
