# row 22: compressions beside gzip
FROM localhost/base
ADD archives/bzip2.tar.bz2 /bz2
ADD archives/xz.tar.xz /xz
