# rows 22 24: archives are known by their content
FROM localhost/base
ADD archives/plain.tar /plain
ADD archives/gzip.data /gz/
ADD archives/plain.tar archives/gzip.data /many/
ADD archives/broken.tgz /broken/
ADD archives/x.zip /zip/
COPY archives/plain.tar archives/x.zip /copied/
ADD dir /tree
