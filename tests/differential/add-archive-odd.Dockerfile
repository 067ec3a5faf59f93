# rows 22 23: what other programs write into archives
FROM localhost/base
ADD archives/odd.tar /odd
ADD archives/odd.tar /var/run/
