# fails
# row 73: RUN in an image without a shell
FROM scratch
RUN true
