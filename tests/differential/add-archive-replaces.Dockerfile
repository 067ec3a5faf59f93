# row 23: members over what is there
FROM localhost/base
ADD archives/replaces.tar /
